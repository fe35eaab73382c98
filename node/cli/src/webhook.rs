//! `wujitong webhook`

use api::{ChangeKind, HookRequest, HookTest, HookView, Hooks, NewHookView};
use clap::Subcommand;
use http::Method;
use topology::DivisionCode;

use super::{
    Failure, Output,
    client::encoded,
    labels::{moment, one_of},
    site::Site,
    tables::{pairs, table},
};

/// Tells other systems of changes (推送), as signed CloudEvents
///
/// Events are sent in order, each at least once; a repeated event has the same id. A failed event
/// is retried at growing intervals up to an hour, and given up after three days.
///
/// Examples:
///   wujitong webhook add https://city.example/hooks/wujitong --name "数据大脑"
///   wujitong webhook list
///   wujitong webhook test 9f1c03aa12345678
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Webhook {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(Add),
    List(List),
    Remove(Remove),
    Resume(Resume),
    Test(Test),
}

/// Adds a webhook and prints once the secret that signs its events
///
/// Examples:
///   wujitong webhook add https://city.example/hooks/wujitong --name "数据大脑"
///   wujitong webhook add https://10.8.0.7/in --name closed --kind matter.closed --division 330825002
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Add {
    /// URL of the receiver: https to a public address; other addresses only if `webhooks.allow` lists
    /// them
    url: String,
    /// Description of the webhook
    #[arg(long)]
    name: String,
    /// Only changes of this kind; may be repeated; all kinds if left out
    #[arg(long = "kind", value_name = "KIND", value_parser = one_of::<ChangeKind>())]
    kinds: Vec<ChangeKind>,
    /// Only matters that come from this division or below it, or are held there
    #[arg(long)]
    division: Option<DivisionCode>,
}

/// Lists the webhooks of a node and the state of their delivery
///
/// Examples:
///   wujitong webhook list --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Removes a webhook
///
/// Examples:
///   wujitong webhook remove 9f1c03aa12345678
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Remove {
    /// Id of the webhook
    id: String,
}

/// Retries a webhook now, even one that was given up; delivery continues where it stopped
///
/// Examples:
///   wujitong webhook resume 9f1c03aa12345678
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Resume {
    /// Id of the webhook
    id: String,
}

/// Sends a test event to a webhook and shows the result
///
/// Examples:
///   wujitong webhook test 9f1c03aa12345678
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Test {
    /// Id of the webhook
    id: String,
}

impl Webhook {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let client = &asked.client;
        let all = asked.path("webhooks");
        let one = |id: &str| format!("{all}/{}", encoded(id));
        match self.what {
            What::Add(add) => {
                let request = HookRequest {
                    name: add.name,
                    url: add.url,
                    kinds: add.kinds.into_iter().collect(),
                    division: add.division,
                };
                let made: NewHookView = client.post(&all, &request).await?;
                output.facts(&made, || {
                    let shown = pairs([
                        ("webhook", made.id.clone()),
                        ("secret", made.secret.clone()),
                        ("key", made.key.clone()),
                    ]);
                    format!("{shown}The secret is not shown again.\n")
                })
            }
            What::List(List) => {
                let hooks: Hooks = client.get(&all).await?;
                output.facts(&hooks, || lines(&hooks))
            }
            What::Remove(Remove { id }) => {
                client.delete(&one(&id)).await?;
                output.facts(&serde_json::json!({ "removed": id }), || {
                    format!("webhook {id} is removed\n")
                })
            }
            What::Resume(Resume { id }) => {
                let path = format!("{}/resumed", one(&id));
                client.send_only(Method::PUT, &path, &()).await?;
                output.facts(&serde_json::json!({ "resumed": id }), || {
                    format!("webhook {id} is tried again\n")
                })
            }
            What::Test(Test { id }) => {
                let path = format!("{}/test", one(&id));
                let test: HookTest = client.post(&path, &()).await?;
                output.facts(&test, || {
                    let taken = if test.taken { "taken" } else { "not taken" };
                    pairs([(taken, test.detail.clone())])
                })?;
                match test.taken {
                    true => Ok(()),
                    false => Err(Failure::Failed(format!(
                        "the test event was not taken: {}",
                        test.detail
                    ))),
                }
            }
        }
    }
}

fn lines(hooks: &Hooks) -> String {
    if hooks.hooks.is_empty() {
        return "no webhooks\n".to_owned();
    }
    let headings = [
        "webhook",
        "name",
        "address",
        "kinds",
        "division",
        "#taken",
        "last taken",
        "#failures",
        "state",
    ];
    let rows = hooks.hooks.iter().map(|hook| {
        let kinds: Vec<_> = hook.kinds.iter().map(|kind| kind.code()).collect();
        [
            hook.id.clone(),
            hook.name.clone(),
            hook.url.clone(),
            if kinds.is_empty() {
                "everything".to_owned()
            } else {
                kinds.join(", ")
            },
            hook.division.short(),
            hook.delivered.to_string(),
            hook.last_success_ms.map(moment).unwrap_or_default(),
            hook.failures.to_string(),
            state(hook),
        ]
    });
    table(headings, rows)
}

fn state(hook: &HookView) -> String {
    let why = hook.last_failure.clone().unwrap_or_default();
    match (hook.given_up_ms, hook.next_try_ms) {
        (Some(at), _) => format!("given up {}: {why}", moment(at)),
        (None, Some(at)) => format!("tried again {}: {why}", moment(at)),
        (None, None) => "good".to_owned(),
    }
}
