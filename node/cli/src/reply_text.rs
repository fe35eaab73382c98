//! `wujitong reply-text`

use std::{fs, path::PathBuf};

use api::{ReplyTextView, ReplyTexts};
use clap::Subcommand;
use domain::matter::Department;
use http::Method;

use super::{Failure, Output, client::encoded, site::Site, tables::table};

/// Manages the texts for frequent replies (常用答复) of a division
///
/// Whoever works on matters takes one into the text of an act on the pages of the desk, and changes it there. A
/// text is for all, or for the people of one department. Officials, dispatchers and leaders write them.
///
/// Examples:
///   wujitong reply-text list
///   wujitong reply-text keep "已派电工" --text "已派电工，三天内到场。"
///   wujitong reply-text remove "已派电工"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ReplyText {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Keep(Keep),
    Remove(Remove),
}

/// Lists the texts, by name
///
/// Examples:
///   wujitong reply-text list
///   wujitong reply-text list --node 330825002222 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Keeps a text; one of the same name is replaced
///
/// Examples:
///   wujitong reply-text keep "已派电工" --text "已派电工，三天内到场。"
///   wujitong reply-text keep "不属受理范围" --file reply.txt --department chengguan
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Keep {
    /// Name, 1 to 40 characters on one line
    name: String,
    /// The text, 1 to 1,000 characters
    #[arg(long, value_name = "TEXT", required_unless_present = "file")]
    text: Option<String>,
    /// File with the text, UTF-8
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// Code of the department for whose people it is [default: for all]
    #[arg(long, value_name = "CODE")]
    department: Option<Department>,
}

/// Removes a text
///
/// Examples:
///   wujitong reply-text remove "已派电工"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Remove {
    /// Name of the text
    name: String,
}

impl ReplyText {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let path = asked.path("reply-texts");
        match self.what {
            What::List(List) => {
                let found: ReplyTexts = asked.client.get(&path).await?;
                output.facts(&found, || {
                    table(
                        ["name", "department", "text"],
                        found.texts.iter().map(|text| {
                            [
                                text.name.clone(),
                                text.department.clone().unwrap_or_default(),
                                text.text.clone(),
                            ]
                        }),
                    )
                })
            }
            What::Keep(keep) => {
                let text = match (keep.text, keep.file) {
                    (Some(text), _) => text,
                    (None, Some(file)) => {
                        let read = fs::read_to_string(&file);
                        read.map_err(|error| Failure::File(file, error))?
                    }
                    (None, None) => String::new(),
                };
                let view = ReplyTextView {
                    name: keep.name,
                    text,
                    department: keep.department.map(|code| code.to_string()),
                };
                asked.client.send_only(Method::POST, &path, &view).await?;
                output.facts(&view, || {
                    format!("kept {}\n", crate::terminal::escape(&view.name))
                })
            }
            What::Remove(Remove { name }) => {
                let path = format!("{path}/{}", encoded(&name));
                asked.client.delete(&path).await?;
                output.facts(&name, || {
                    format!("removed {}\n", crate::terminal::escape(&name))
                })
            }
        }
    }
}
