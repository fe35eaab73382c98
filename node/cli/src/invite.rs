//! `wujitong invite`, `wujitong admit`

use std::path::PathBuf;

use api::{AdmitRequest, InvitationLine, Invitations, InviteRequest, Named, NewInvitationView};
use clap::Subcommand;
use domain::{
    invitation::{InvitationText, StateName},
    revocation::Reason,
};
use http::Method;
use serde::Serialize;
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::{Names, moment, some_of},
    qr,
    site::{Asked, Site, read},
    tables::table,
};

/// Invites a division below into the network (邀请入网), so that its own machine joins over the wire
///
/// Prints a text and a QR code, once: whoever has it may join as that division, so give it to its
/// operator alone. There, `wujitong join` makes the keys, which never leave that machine. The
/// check number is the same on both sides; compare it if the text came over a way that others can
/// write to. A new invitation withdraws the open one of the division.
///
/// --replaces revokes the keys that the division has (lost or stolen); its new key counts once the
/// division above this one has countersigned it.
///
/// Examples:
///   wujitong invite 330825002 --address 10.8.25.1:7450
///   wujitong invite 330825002 --valid 36h --confirm
///   wujitong invite 330825002 --replaces lost
///   wujitong invite --csv townships.csv --valid 30d
///   wujitong invite --withdraw 330825002
///   wujitong invite list
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Invite {
    #[command(flatten)]
    site: Site,
    /// The division; directly below the node
    #[arg(required_unless_present_any = ["withdraw", "csv"], conflicts_with_all = ["withdraw", "csv"])]
    division: Option<DivisionCode>,
    /// Time for which it is good, in hours or days: 1h to 90d
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = hours)]
    valid: u32,
    /// Admits the machine only after `wujitong admit` with the number that it shows
    #[arg(long)]
    confirm: bool,
    /// Gives an enrolled division its next key; the reason says what happened to the keys it has
    #[arg(long, value_name = "REASON", value_parser = some_of(&[Reason::Lost, Reason::Stolen]))]
    replaces: Option<Reason>,
    /// Where the division reaches this node; may be repeated [default: as in the last invitation]
    #[arg(long = "address", value_name = "HOST:PORT")]
    addresses: Vec<String>,
    /// Invites every division of a file with the column `code`, and prints a CSV file with a line for each
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replaces", "withdraw"])]
    csv: Option<PathBuf>,
    /// Withdraws the open invitation of a division
    #[arg(long, value_name = "CODE")]
    withdraw: Option<DivisionCode>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
}

/// Lists the invitations, who used them, and who waits to be admitted
///
/// Examples:
///   wujitong invite list
///   wujitong invite list --node 330825 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {}

/// Admits the machine that waits to be a division (核对入网)
///
/// For an invitation with --confirm: `wujitong join` shows a number of its machine there; its
/// operator reads it out, and you type it here. The machine gets its certificates when it asks
/// again, which it does by itself.
///
/// Examples:
///   wujitong admit 330825002 "4071 9920 3385 1167 2043"
///   wujitong admit 330825002 40719920338511672043 --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Admit {
    #[command(flatten)]
    site: Site,
    /// The division; directly below the node
    division: DivisionCode,
    /// The number of the machine: twenty digits
    number: String,
}

/// Reads a time such as `36h` or `14d`, in hours.
fn hours(text: &str) -> Result<u32, String> {
    let unfit = || format!("`{text}` is not a time; write hours or days, such as 36h or 14d");
    let unit = text.chars().last().ok_or_else(unfit)?;
    let hours = match unit {
        'h' => 1,
        'd' => 24,
        _ => return Err(unfit()),
    };
    let count: u32 = text[..text.len() - 1].parse().map_err(|_| unfit())?;
    count.checked_mul(hours).ok_or_else(unfit)
}

impl Invite {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        if let Some(What::List(List {})) = self.what {
            let all: Named<Invitations> = asked.client.get(&asked.path("invitations")).await?;
            return output.facts(&all, || lines(&all.facts.invitations, Names(&all.names)));
        }
        if let Some(division) = self.withdraw {
            let path = asked.path(&format!("invitations/{division}"));
            let line: Named<InvitationLine> = asked.client.send(Method::DELETE, &path, &()).await?;
            return output.facts(&line, || {
                format!("The invitation of {division} is withdrawn.\n")
            });
        }
        if let Some(file) = &self.csv {
            return self.invite_all(&asked, &read(file)?, output).await;
        }
        let division = self.division.expect("it is there unless another is");
        let made = self.invite(&asked, division).await?;
        let colours = output.for_person();
        output.facts(&made, || told(&made, colours))
    }

    async fn invite(
        &self,
        asked: &Asked,
        division: DivisionCode,
    ) -> Result<Named<NewInvitationView>, Failure> {
        let request = InviteRequest {
            division,
            hours: Some(self.valid),
            confirm: self.confirm,
            replaces: self.replaces,
            addresses: self.addresses.clone(),
        };
        let path = asked.path("invitations");
        Ok(asked.client.post(&path, &request).await?)
    }

    /// Invites the divisions of a table. What is refused has its reason in the last column, and the others are invited.
    async fn invite_all(
        &self,
        asked: &Asked,
        list: &str,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        let (mut rows, mut refused) = (vec![], 0);
        for division in codes(list)? {
            let row = match self.invite(asked, division).await {
                Ok(made) => Row::of(&made),
                Err(Failure::Client(super::client::ClientError::Problem(problem))) => {
                    refused += 1;
                    Row::refused(division, problem.to_string())
                }
                Err(other) => return Err(other),
            };
            rows.push(row);
        }
        output.facts(&rows, || csv_of(&rows))?;
        match refused {
            0 => Ok(()),
            _ => Err(Failure::NotDone(format!(
                "{refused} of {} divisions were not invited; the last column says why",
                rows.len()
            ))),
        }
    }
}

impl Admit {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let path = asked.path(&format!("invitations/{}/admission", self.division));
        let request = AdmitRequest {
            number: self.number,
        };
        let line: Named<InvitationLine> = asked.client.post(&path, &request).await?;
        output.facts(&line, || {
            let division = Names(&line.names).of(line.facts.division);
            format!("The machine is admitted as {division}; it gets its certificates when it asks again.\n")
        })
    }
}

/// One line of what a table of divisions became.
#[derive(Debug, Serialize)]
struct Row {
    code: DivisionCode,
    name: String,
    invitation: String,
    check_number: String,
    good_until: String,
    refused: String,
}

impl Row {
    fn of(made: &Named<NewInvitationView>) -> Self {
        let line = &made.facts.invitation;
        let name = made.names.get(&line.division);
        Self {
            code: line.division,
            name: name.cloned().unwrap_or_default(),
            invitation: made.facts.text.clone(),
            check_number: line.check_number.clone(),
            good_until: moment(line.expires_ms),
            refused: String::new(),
        }
    }

    fn refused(code: DivisionCode, why: String) -> Self {
        Self {
            code,
            name: String::new(),
            invitation: String::new(),
            check_number: String::new(),
            good_until: String::new(),
            refused: why,
        }
    }
}

fn csv_of(rows: &[Row]) -> String {
    let mut writer = csv::Writer::from_writer(vec![]);
    for row in rows {
        writer.serialize(row).expect("texts are written to memory");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("texts are UTF-8")
}

/// Returns the divisions of a table with the column `code`.
fn codes(list: &str) -> Result<Vec<DivisionCode>, Failure> {
    let unfit = |why: String| Failure::Usage(format!("the list of divisions: {why}"));
    let mut reader = csv::Reader::from_reader(list.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().map_err(|error| unfit(error.to_string()))?;
    let column = headers.iter().position(|header| header.trim() == "code");
    let column = column
        .ok_or_else(|| unfit("it has no column `code`; name it so in the first line".to_owned()))?;
    let mut codes = vec![];
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|error| unfit(error.to_string()))?;
        let cell = record.get(column).unwrap_or_default().trim();
        let code = cell
            .parse()
            .map_err(|error| unfit(format!("line {} has `{cell}`: {error}; correct it", at + 2)))?;
        codes.push(code);
    }
    Ok(codes)
}

/// What the operator sees of a new invitation.
fn told(made: &Named<NewInvitationView>, colours: bool) -> String {
    let NewInvitationView { text, invitation } = &made.facts;
    let division = Names(&made.names).of(invitation.division);
    let grouped = InvitationText::read(text).map_or_else(|_| text.clone(), |it| it.in_groups());
    let code = qr::draw(text, colours).unwrap_or_default();
    let until = moment(invitation.expires_ms);
    let number = &invitation.check_number;
    let short = invitation.division.short();
    let confirm = match invitation.confirm {
        true => format!(
            "Then admit the machine with the number it shows: wujitong admit {short} NUMBER\n"
        ),
        false => String::new(),
    };
    format!(
        "Invitation for {division}, good until {until}, once. It is not shown again; give it to that division's operator \
         alone.\n\n{grouped}\n\n{code}\nCheck number {number}\nThere: wujitong join TEXT --data DIR\n{confirm}Withdraw: \
         wujitong invite --withdraw {short}\n"
    )
}

fn lines(all: &[InvitationLine], names: Names<'_>) -> String {
    let rows = all.iter().map(|line| {
        let joiner = line.joiner.as_ref();
        let who = joiner.map_or_else(String::new, |joiner| match line.state {
            StateName::Waiting => format!("number {} from {}", joiner.number, joiner.from),
            _ => format!(
                "key {} from {}, {}",
                joiner.key,
                joiner.from,
                moment(joiner.at_ms)
            ),
        });
        [
            names.of(line.division),
            line.state.label(),
            line.serial.to_string(),
            moment(line.expires_ms),
            line.check_number.clone(),
            who,
        ]
    });
    table(
        [
            "division",
            "state",
            "key",
            "good until",
            "check number",
            "machine",
        ],
        rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_hours_or_days() {
        assert_eq!(hours("36h"), Ok(36));
        assert_eq!(hours("14d"), Ok(336));
        for bad in [
            "",
            "d",
            "14",
            "1w",
            "-1d",
            "99999999999d",
            "4000000000d",
            "天",
        ] {
            assert!(hours(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_divisions_of_a_table_are_read_by_their_column_and_faults_name_the_line() {
        let read = codes("\u{feff}name,code\n东华街道, 330825002 \n龙洲街道,330825001000\n");
        let expected: Vec<DivisionCode> =
            vec!["330825002".parse().unwrap(), "330825001".parse().unwrap()];
        assert_eq!(read.unwrap(), expected);
        let bad = codes("code\n330825002\nx\n").unwrap_err().to_string();
        assert!(bad.contains("line 3"), "{bad}");
        assert!(codes("division\n330825002\n").is_err());
    }
}
