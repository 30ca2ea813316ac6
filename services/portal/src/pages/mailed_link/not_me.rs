//! "This was not me", by the link of a notice.

use axum::response::Response;

use super::{done_page, move_token_to_cookie};
use crate::cookies::NotMeLink;
use crate::domain::Refusal;
use crate::pages::proof_forms::Link;
use crate::pages::refusal_texts::{refusal, refusal_text};
use crate::view::{Confirmation, FormProblem};
use crate::web::{Fault, PageContent, PageContext, PostedFields};

const PATH: &str = "/not-me";

pub(super) async fn show(context: PageContext) -> Result<Response, Fault> {
    if let Some(there) = move_token_to_cookie(&context, |token| NotMeLink { token })? {
        return Ok(there);
    }
    context.cookie::<NotMeLink>().ok_or(Fault::LinkIncomplete)?;
    page(&context, None)
}

pub(super) async fn undo(context: PageContext, fields: PostedFields) -> Result<Response, Fault> {
    let link = context.cookie::<NotMeLink>().ok_or(Fault::LinkOver)?;
    let call = context.call(fields.request_id()?);
    let refused = match context.site.identity.repudiate_reset(&link.token, &call).await {
        Ok(()) => {
            let there = PageContext::redirect("/not-me/done");
            return context.with_cookie(there, None, None::<&NotMeLink>);
        }
        Err(error) => refusal(error)?,
    };
    match refused {
        Refusal::FieldInvalid(_) => Err(Fault::LinkOver),
        other => page(&context, Some(refusal_text(&context, &other)?)),
    }
}

pub(super) async fn done(context: PageContext) -> Result<Response, Fault> {
    let (words, texts) = (context.words(), &context.texts().signing_in);
    let next = Link { path: "/help".to_owned(), text: &words.help_link };
    done_page(&context, &texts.not_me_done_title, &texts.not_me_done_lead, &next)
}

fn page(context: &PageContext, problem: Option<String>) -> Result<Response, Fault> {
    let texts = &context.texts().signing_in;
    let question = context.confirmation(Confirmation {
        text: &texts.not_me_lead,
        subjects: &[],
        action: PATH,
        hidden: context.hidden_fields(PATH)?,
        fields: &[],
        extra_fields: None,
        button: &texts.not_me_button,
        is_loss: true,
        back: "/",
    })?;
    let organisation = context.only_organisation();
    context.page(PageContent {
        organisation: organisation.as_ref(),
        problems: problem.into_iter().map(|text| FormProblem { field: None, text }).collect(),
        ..PageContent::new(&texts.not_me_title, question)
    })
}
