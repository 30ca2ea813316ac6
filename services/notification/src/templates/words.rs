//! Words of ours that callers put into variables, said in the language of the message.
//!
//! Identity does not know in which language a notice will be read, so it sends words and not sentences: what happened
//! to a method, of which kind that is, and from which kind of program. Anything else in these variables is data (a
//! masked address, a network, the name of a browser) and stands as it was sent.

use std::borrow::Cow;

use rekey_primitives::method::{MethodChange, MethodKind};

use super::built_in::LANGUAGES;

/// A word in every language, in the order of [`LANGUAGES`].
type Said = [&'static str; LANGUAGES.len()];

/// A variable as it reads in this language.
pub(super) fn said<'a>(variable: &str, value: &'a str, language: &str) -> Cow<'a, str> {
    let Some(place) = LANGUAGES.iter().position(|one| *one == language) else { return value.into() };
    match variable {
        "change" => MethodChange::parse(value).map_or(value.into(), |change| of_change(change)[place].into()),
        // The kind, and behind it the masked address, if it has one.
        "method" => {
            let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
            match MethodKind::parse(word) {
                Some(kind) if rest.is_empty() => of_kind(kind)[place].into(),
                Some(kind) => format!("{} {rest}", of_kind(kind)[place]).into(),
                None => value.into(),
            }
        }
        // The network, if it is known, and behind it the program.
        "place" => {
            let word = value.rsplit(", ").next().unwrap_or(value);
            match of_program(word) {
                Some(program) => format!("{}{}", &value[..value.len() - word.len()], program[place]).into(),
                None => value.into(),
            }
        }
        _ => value.into(),
    }
}

const fn of_change(change: MethodChange) -> Said {
    match change {
        MethodChange::Added => ["added", "hinzugefügt", "ajout", "alta", "追加", "إضافة"],
        MethodChange::Confirmed => {
            ["confirmed", "bestätigt", "confirmation", "confirmación", "確認", "تأكيد"]
        }
        MethodChange::Removed => ["removed", "entfernt", "suppression", "eliminación", "削除", "إزالة"],
        MethodChange::MadeDefault => [
            "made the default",
            "als Standard festgelegt",
            "choix par défaut",
            "elección como predeterminado",
            "既定に設定",
            "تعيين كخيار افتراضي",
        ],
        MethodChange::Prefilled => [
            "filled in by an administrator",
            "von der Administration eingetragen",
            "saisie par un administrateur",
            "registro por un administrador",
            "管理者による登録",
            "إدخال من أحد المسؤولين",
        ],
        MethodChange::Disabled => [
            "disabled after too many wrong codes",
            "nach zu vielen falschen Codes abgeschaltet",
            "désactivation après trop de codes erronés",
            "desactivación tras demasiados códigos incorrectos",
            "誤ったコードの入力が続いたため無効化",
            "تعطيل بعد رموز خاطئة كثيرة",
        ],
    }
}

const fn of_kind(kind: MethodKind) -> Said {
    match kind {
        MethodKind::Email => {
            ["e-mail", "E-Mail", "e-mail", "correo electrónico", "メール", "البريد الإلكتروني"]
        }
        MethodKind::Phone => ["phone", "Telefon", "téléphone", "teléfono", "電話", "الهاتف"],
        MethodKind::Authenticator => [
            "authenticator",
            "Authenticator-App",
            "application d’authentification",
            "aplicación de autenticación",
            "認証アプリ",
            "تطبيق المصادقة",
        ],
        MethodKind::RecoveryCode => [
            "recovery codes",
            "Wiederherstellungscodes",
            "codes de récupération",
            "códigos de recuperación",
            "回復用コード",
            "رموز الاسترداد",
        ],
    }
}

/// What is said of a program that has no name of its own.
fn of_program(word: &str) -> Option<Said> {
    match word {
        "unknown" => Some([
            "an unknown program",
            "einem unbekannten Programm",
            "un programme inconnu",
            "un programa desconocido",
            "不明なプログラム",
            "برنامج غير معروف",
        ]),
        "other" => Some([
            "another program",
            "einem anderen Programm",
            "un autre programme",
            "otro programa",
            "その他のプログラム",
            "برنامج آخر",
        ]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_said_in_every_language_and_none_is_left_in_english() {
        let changes = MethodChange::ALL.iter().copied().map(of_change);
        let kinds = MethodKind::ALL.iter().copied().map(of_kind);
        let programs = ["unknown", "other"].into_iter().filter_map(of_program);

        for said in changes.chain(kinds).chain(programs) {
            let [english, others @ ..] = said;
            assert!(said.iter().all(|text| !text.is_empty()), "{said:?}");
            // French writes e-mail as English does.
            assert!(others.iter().all(|text| *text != english || english == "e-mail"), "{said:?}");
            assert!(said[4..].iter().all(|text| !text.is_ascii()), "{said:?}");
        }
    }

    #[test]
    fn what_is_no_word_of_ours_stands_as_it_was_sent() {
        assert_eq!(said("method", "email a***@mail.example", "de"), "E-Mail a***@mail.example");
        assert_eq!(said("method", "recovery_code", "fr"), "codes de récupération");
        assert_eq!(said("place", "192.0.2.0/24, Firefox", "ja"), "192.0.2.0/24, Firefox");
        assert_eq!(said("place", "192.0.2.0/24, other", "es"), "192.0.2.0/24, otro programa");
        assert_eq!(said("place", "unknown", "de"), "einem unbekannten Programm");
        assert_eq!(said("change", "painted blue", "ar"), "painted blue");
        assert_eq!(said("name", "removed", "de"), "removed");
    }
}
