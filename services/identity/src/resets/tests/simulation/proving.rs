//! Codes that are sent and typed.

use rekey_primitives::id::RequestId;
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};

use super::site::{Simulated, Site};
use crate::domain::reset::{Position, ResetState, attempts_key};
use crate::resets::prove::ProofSubmitted;
use crate::resets::{OfferedMethod, SendCode, ShownProof, StartedReset, SubmitProof, verification_of};
use crate::testing::context;

/// Codes that a method has in one reset, one after the other.
const CODES: u32 = 3;
/// Longer than a code lives, and shorter than a reset.
const TOO_LONG: u64 = 601;

/// A code that somebody types.
struct Typed {
    code: String,
    request_id: RequestId,
}

impl Site {
    /// Has codes sent and types them, method by method, as far as that goes; the reset from then on.
    pub(super) async fn prove(&mut self, person: &Simulated, started: &StartedReset) -> SecretString {
        let mut token = started.reset_token.clone();
        let mut kinds = [MethodKind::Email, MethodKind::Phone];
        if self.chance.one_in(3) {
            kinds.reverse();
        }
        for kind in kinds.iter().take(started.proofs_required.into()) {
            let Some(method) = started.methods.iter().find(|method| method.kind == *kind) else { break };
            self.have_sent(&token, method).await;
            if self.chance.one_in(3) {
                self.world.pass(31);
                self.have_sent(&token, method).await;
            }
            if self.chance.one_in(3) {
                let wrong = 1 + self.chance.below(3);
                let typed: Vec<Typed> =
                    (0..wrong).map(|number| self.typed(format!("00000{number}"))).collect();
                assert_eq!(self.type_in(&token, method, &typed).await.len(), 0, "a wrong code");
            }
            let code = self.world.verification.latest_code_among(&person.addresses_of(*kind));
            let Some(code) = code else { break };
            let is_late = self.chance.one_in(10);
            if is_late {
                self.world.pass(TOO_LONG);
                self.count("codes late");
            }
            let accepted = self.type_right(&token, method, code.expose_secret()).await;
            assert!(!is_late || accepted.is_none(), "a late code");
            let Some(accepted) = accepted else { break };
            token = accepted.reset_token;
        }
        token
    }

    fn typed(&self, code: String) -> Typed {
        Typed { code, request_id: self.request_id() }
    }

    /// Asks for a code, sometimes twice at once, as one call or as two.
    async fn have_sent(&self, token: &SecretString, method: &OfferedMethod) {
        let first = self.request_id();
        let ids = match self.chance.below(6) {
            0 => vec![first, first],
            1 => vec![first, self.request_id()],
            _ => vec![first],
        };
        self.ask(&ids, async |resets, id| {
            let request = SendCode {
                reset_token: token.clone(),
                method_id: method.method_id.clone(),
                request_id: *id,
                context: context("192.0.2.1"),
            };
            resets.send_code(&self.world.caller, &request).await
        })
        .await;
    }

    /// Types the right code, sometimes twice at once; what was accepted.
    async fn type_right(
        &mut self,
        token: &SecretString,
        method: &OfferedMethod,
        code: &str,
    ) -> Option<ProofSubmitted> {
        let mut typed = vec![self.typed(code.to_owned())];
        match self.chance.below(4) {
            0 => typed.push(self.typed(code.to_owned())),
            1 => typed.push(Typed { code: code.to_owned(), request_id: typed[0].request_id }),
            _ => {}
        }
        let accepted = self.type_in(token, method, &typed).await;
        let winners: Vec<RequestId> = accepted.iter().map(|(request_id, _)| *request_id).collect();
        assert!(winners.windows(2).all(|pair| pair[0] == pair[1]), "two passed by one code");
        let (_, accepted) = accepted.into_iter().next()?;
        self.count("codes accepted");
        self.was_in_time(token, method, code);
        Some(accepted)
    }

    /// Types codes; those of them that were accepted. However many calls failed, what was judged was counted, and nothing
    /// more than was typed.
    async fn type_in(
        &self,
        token: &SecretString,
        method: &OfferedMethod,
        typed: &[Typed],
    ) -> Vec<(RequestId, ProofSubmitted)> {
        let before = (self.held_against(token, method).await, self.world.verification.judged());

        let answers = self
            .ask(typed, async |resets, typed| {
                let request = SubmitProof {
                    reset_token: token.clone(),
                    method_id: method.method_id.clone(),
                    shown: ShownProof::Code(typed.code.as_str().into()),
                    request_id: typed.request_id,
                    context: context("192.0.2.1"),
                };
                resets.submit_proof(&self.world.caller, &request).await
            })
            .await;

        let (held, judged) = (self.held_against(token, method).await, self.world.verification.judged());
        assert!(held <= before.0 + typed.len(), "more attempts are held against a method than were made");
        let may_have_passed = typed.iter().any(|typed| self.world.verification.passed(&typed.code).is_some());
        if !may_have_passed {
            assert!(held >= before.0 + judged - before.1, "an attempt was judged and not counted");
        }
        let of_calls = typed.iter().map(|typed| typed.request_id).zip(answers);
        let accepted = of_calls.filter_map(|(id, answer)| Some((id, answer?.ok()?)));
        accepted.filter(|(_, proof)| proof.accepted).collect()
    }

    /// How many attempts are held against a method of a reset.
    async fn held_against(&self, token: &SecretString, method: &OfferedMethod) -> usize {
        let (state, position) = self.opened(token, method);
        let key = attempts_key(&state, position).unwrap();
        self.world.parts.store.attempts_in_a_row(&self.world.scope, key).await.unwrap()
    }

    /// That the code which was accepted passed before its end, and was one of this method of this reset.
    fn was_in_time(&self, token: &SecretString, method: &OfferedMethod, code: &str) {
        let (state, position) = self.opened(token, method);
        let passed = self.world.verification.passed(code).expect("a code that was accepted has passed");
        assert!(!passed.at.has_reached(passed.expires_at), "a late code: {passed:?}");
        let is_ours =
            (0..CODES).any(|number| verification_of(&state, position, number) == passed.verification_id);
        assert!(is_ours, "a code of another reset");
    }

    fn opened(&self, token: &SecretString, method: &OfferedMethod) -> (ResetState, Position) {
        let state = self.world.parts.tokens().open_reset(token).unwrap();
        (state, Position::parse(&method.method_id).unwrap())
    }
}
