//! `wujitong api-key`

use api::{KeyRequest, KeyView, Keys, NewKeyView};
use clap::Subcommand;
use domain::people::Permission;
use http::Method;
use topology::DivisionCode;

use super::{
    Failure, Output,
    client::encoded,
    labels::moment,
    site::Site,
    tables::{pairs, table},
};

/// Creates, lists and revokes the API keys (接口密钥) of other programs
///
/// A key grants the listed permissions for a limited time, over HTTP as `Authorization: Bearer`. No
/// key may administer the node, read the audit trail or open contacts. Only a security
/// administrator creates keys.
///
/// Examples:
///   wujitong api-key create "县里的小程序" --permission report --permission view-matter --days 365
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

/// Creates a key and prints its token once; the node stores only a digest of it
///
/// Examples:
///   wujitong api-key create "县里的小程序" --permission report --permission view-matter --days 365
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Create {
    /// Description of the program
    name: String,
    /// A permission of the program; may be repeated: report, report-for-another, view-list,
    /// view-matter, accept, handle, feedback, close, comment-to-reporter, answer, attach,
    /// view-templates, read-rollups, import, watch, view-grids
    #[arg(
        long = "permission",
        alias = "deed",
        value_name = "PERMISSION",
        required = true
    )]
    permissions: Vec<Permission>,
    /// Days until the key expires, 1 to 400
    #[arg(long, default_value_t = 90)]
    days: u32,
    /// Limits the key to this division at or below the node
    #[arg(long, value_name = "CODE")]
    division: Option<DivisionCode>,
}

/// Lists the keys of a node, including expired and revoked ones
///
/// Examples:
///   wujitong api-key list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Revokes a key: from the next request on it grants nothing
///
/// Examples:
///   wujitong api-key revoke 9f1c03aa5b6d7e80
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Revoke {
    /// Id of the key, not its token
    id: String,
}

impl ApiKey {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Create(create) => {
                let request = KeyRequest {
                    name: create.name,
                    permissions: create.permissions.into_iter().collect(),
                    division: create.division,
                    days: create.days,
                };
                let made: NewKeyView = asked.client.post(&asked.path("api-keys"), &request).await?;
                output.facts(&made, || {
                    pairs([
                        ("key", made.token.clone()),
                        ("id", made.key.id.clone()),
                        ("may", permissions(&made.key)),
                        ("until", moment(made.key.expires_ms)),
                        ("", "copy the token now; it is not shown again".to_owned()),
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
                                permissions(key),
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

fn permissions(key: &KeyView) -> String {
    let names: Vec<_> = key
        .permissions
        .iter()
        .map(|permission| permission.code())
        .collect();
    names.join(", ")
}
