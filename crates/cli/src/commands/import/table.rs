//! Tables: a head with names of columns, and a person a row. Several logins, addresses or groups stand in one field, with
//! semicolons between them.

use anyhow::bail;

use super::record::{Record, RecordAddress};

/// The columns there are.
const COLUMNS: [&str; 13] = [
    "login",
    "display_name",
    "external_id",
    "email",
    "email_confirmed",
    "phone",
    "phone_confirmed",
    "password_hash",
    "password_time",
    "must_change_password",
    "blocked",
    "managed_elsewhere",
    "groups",
];

/// The head of a table.
#[derive(Debug)]
pub(super) struct Head(Vec<&'static str>);

impl Head {
    pub(super) fn read(head: &csv::StringRecord) -> anyhow::Result<Self> {
        let mut columns = Vec::new();
        for name in head {
            let name = name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
            let Some(known) = COLUMNS.into_iter().find(|known| *known == name) else {
                bail!("the table has a column `{name}`; those that are read are {}", COLUMNS.join(", "));
            };
            if columns.contains(&known) {
                bail!("the table has the column `{known}` twice");
            }
            columns.push(known);
        }
        if !columns.contains(&"login") {
            bail!(
                "the table has no column `login`; the first line must name the columns: {}",
                COLUMNS.join(", ")
            );
        }
        Ok(Self(columns))
    }

    pub(super) fn record(&self, row: &csv::StringRecord) -> Result<Record, String> {
        if row.len() != self.0.len() {
            return Err(format!("has {} fields where the head has {}", row.len(), self.0.len()));
        }
        let field = |name: &str| {
            let position = self.0.iter().position(|column| *column == name);
            position.and_then(|position| row.get(position)).unwrap_or_default().trim()
        };
        let listed = |name: &str| {
            field(name).split(';').map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>()
        };
        let flag = |name: &str| match field(name).to_ascii_lowercase().as_str() {
            "" | "false" | "no" | "0" => Ok(false),
            "true" | "yes" | "1" => Ok(true),
            _ => Err(format!("{name} must be true or false")),
        };
        let (email_confirmed, phone_confirmed) = (flag("email_confirmed")?, flag("phone_confirmed")?);
        let emails = listed("email").into_iter().map(|text| RecordAddress::email(text, email_confirmed));
        let phones = listed("phone").into_iter().map(|text| RecordAddress::phone(text, phone_confirmed));
        Ok(Record {
            logins: listed("login").into_iter().map(str::to_owned).collect(),
            display_name: field("display_name").to_owned(),
            external_id: field("external_id").to_owned(),
            addresses: emails.chain(phones).collect(),
            password_hash: field("password_hash").to_owned(),
            password_time: field("password_time").to_owned(),
            must_change_password: flag("must_change_password")?,
            blocked: flag("blocked")?,
            managed_elsewhere: flag("managed_elsewhere")?,
            groups: listed("groups").into_iter().map(str::to_owned).collect(),
            ..Record::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &[&str]) -> csv::StringRecord {
        csv::StringRecord::from(fields.to_vec())
    }

    #[test]
    fn a_row_is_read_by_its_head() {
        let head =
            Head::read(&row(&["\u{feff}Login", "email", "email_confirmed", "groups", "blocked"])).unwrap();

        let record =
            head.record(&row(&["anna; anna.b", "a@x.example;b@x.example", "yes", "Staff", ""])).unwrap();

        assert_eq!(record.logins, ["anna", "anna.b"]);
        assert_eq!(
            record.addresses,
            ["a@x.example", "b@x.example"].map(|text| RecordAddress::email(text, true))
        );
        assert_eq!((record.groups, record.blocked), (vec!["Staff".to_owned()], false));
        assert!(head.record(&row(&["anna", "", "maybe", "", ""])).unwrap_err().contains("email_confirmed"));
        assert!(head.record(&row(&["anna"])).unwrap_err().contains("1 fields"));
    }

    #[test]
    fn a_head_that_is_none_is_explained() {
        assert!(Head::read(&row(&["name", "login"])).unwrap_err().to_string().contains("display_name"));
        assert!(Head::read(&row(&["login", "login"])).unwrap_err().to_string().contains("twice"));
        assert!(Head::read(&row(&["email"])).unwrap_err().to_string().contains("no column `login`"));
    }
}
