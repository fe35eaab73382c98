//! `wujitong api-key`

use api::{KeyRequest, KeyView, Keys, NewKeyView};
use clap::Subcommand;
use domain::people::{BadPermission, Permission};
use http::Method;
use topology::DivisionCode;

use super::{
    Failure, Output,
    client::encoded,
    labels::moment,
    site::Site,
    tables::{pairs, table},
};

/// Makes, lists and takes back the keys of other programs (接口密钥)
///
/// A key opens the deeds that are named, for a time, over HTTP as `Authorization: Bearer`. No key
/// administers, reads the audit trail or opens contacts. Only a security administrator makes keys.
///
/// Examples:
///   wujitong api-key create "县里的小程序" --deed report --deed view-matter --days 365
///   wujitong api-key list
///   wujitong api-key revoke 9f1c03aa5b6d7e80
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct ApiKey {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Makes a key and prints it once; only a digest of it is stored
///
/// Examples:
///   wujitong api-key create "县里的小程序" --deed report --deed view-matter --days 365
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Create {
    /// What it is for
    name: String,
    /// What the program may do, may be given again: report, report-for-another, view-list,
    /// view-matter, accept, handle, feedback, close, comment-to-reporter, attach, view-templates,
    /// read-rollups, import, watch, view-grids
    #[arg(long = "deed", value_name = "DEED", required = true, value_parser = deed)]
    deeds: Vec<Permission>,
    /// For how many days, 1 to 400
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// Only for this division at or below the node
    #[arg(long, value_name = "CODE")]
    division: Option<DivisionCode>,
}

/// Lists the keys of a node, those that ended included
///
/// Examples:
///   wujitong api-key list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Takes a key back: from the next request on it opens nothing
///
/// Examples:
///   wujitong api-key revoke 9f1c03aa5b6d7e80
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Revoke {
    /// Id of the key, not the key itself
    id: String,
}

fn deed(word: &str) -> Result<Permission, String> {
    word.parse()
        .map_err(|error: BadPermission| error.to_string())
}

impl ApiKey {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Create(create) => {
                let request = KeyRequest {
                    name: create.name,
                    deeds: create.deeds.into_iter().collect(),
                    division: create.division,
                    days: create.days,
                };
                let made: NewKeyView = asked.client.post(&asked.path("api-keys"), &request).await?;
                output.facts(&made, || {
                    pairs([
                        ("key", made.token.clone()),
                        ("id", made.key.id.clone()),
                        ("may", deeds(&made.key)),
                        ("until", moment(made.key.expires_ms)),
                        ("", "note the key now; it is not shown again".to_owned()),
                    ])
                })
            }
            What::List(List) => {
                let keys: Keys = asked.client.get(&asked.path("api-keys")).await?;
                output.facts(&keys, || {
                    table(
                        ["id", "name", "may", "until", "taken back"],
                        keys.keys.iter().map(|key| {
                            [
                                key.id.clone(),
                                key.name.clone(),
                                deeds(key),
                                moment(key.expires_ms),
                                key.revoked_ms.map_or(String::new(), moment),
                            ]
                        }),
                    )
                })
            }
            What::Revoke(Revoke { id }) => {
                let path = asked.path(&format!("api-keys/{}", encoded(&id)));
                let key: KeyView = asked.client.send(Method::DELETE, &path, &()).await?;
                output.facts(&key, || {
                    let at = key.revoked_ms.map_or(String::new(), moment);
                    pairs([
                        ("id", key.id.clone()),
                        ("name", key.name.clone()),
                        ("taken back", at),
                    ])
                })
            }
        }
    }
}

fn deeds(key: &KeyView) -> String {
    let names: Vec<_> = key.deeds.iter().map(|deed| deed.name()).collect();
    names.join(", ")
}
