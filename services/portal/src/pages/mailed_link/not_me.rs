//! "This was not me", by the link of a notice.

use axum::response::Response;

use super::{arrived, done_page};
use crate::cookies::NotMeLink;
use crate::domain::Refusal;
use crate::pages::proof_forms::Link;
use crate::pages::sentences::{refusal, sentence};
use crate::view::{Confirmation, Problem};
use crate::web::{Content, Fault, PostedFields, Visit};

const PATH: &str = "/not-me";

pub(super) async fn show(visit: Visit) -> Result<Response, Fault> {
    if let Some(there) = arrived(&visit, |token| NotMeLink { token })? {
        return Ok(there);
    }
    visit.kept::<NotMeLink>().ok_or(Fault::LinkIncomplete)?;
    page(&visit, None)
}

pub(super) async fn undo(visit: Visit, fields: PostedFields) -> Result<Response, Fault> {
    let link = visit.kept::<NotMeLink>().ok_or(Fault::LinkOver)?;
    let call = visit.call(fields.request_id()?);
    let refused = match visit.site.identity.repudiate_reset(&link.token, &call).await {
        Ok(()) => {
            let there = Visit::redirect("/not-me/done");
            return visit.keeping(there, None, None::<&NotMeLink>);
        }
        Err(error) => refusal(error)?,
    };
    match refused {
        Refusal::FieldInvalid(_) => Err(Fault::LinkOver),
        other => page(&visit, Some(sentence(&visit, &other)?)),
    }
}

pub(super) async fn done(visit: Visit) -> Result<Response, Fault> {
    let (words, texts) = (visit.words(), &visit.texts().signing_in);
    let next = Link { path: "/help".to_owned(), text: &words.help_link };
    done_page(&visit, &texts.not_me_done_title, &texts.not_me_done_lead, &next)
}

fn page(visit: &Visit, problem: Option<String>) -> Result<Response, Fault> {
    let texts = &visit.texts().signing_in;
    let question = visit.confirmation(Confirmation {
        text: &texts.not_me_lead,
        subjects: &[],
        action: PATH,
        hidden: visit.hidden(PATH)?,
        fields: &[],
        questions: None,
        button: &texts.not_me_button,
        is_loss: true,
        back: "/",
    })?;
    let organisation = visit.only_organisation();
    visit.page(Content {
        organisation: organisation.as_ref(),
        problems: problem.into_iter().map(|text| Problem { field: None, text }).collect(),
        ..Content::new(&texts.not_me_title, question)
    })
}
