//! The village's process: a node that reports matters on command.

use std::{
    io::{self, BufRead, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    time::Instant,
};

use cli::{Failure, Output};
use domain::actor::Actor;
use futures::{StreamExt, TryStreamExt, stream};
use office::{NewReport, Office};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use topology::DivisionCode;

use super::{NodeArgs, Order, Word, hold::Pace};
use crate::record;

/// Number of concurrent reporters.
const CALLERS: usize = 256;

/// Runs until its standard input ends.
pub(crate) async fn run(args: NodeArgs, output: &mut Output<'_>) -> Result<(), Failure> {
    let (host, telemetry) = args.start().await?;
    let failed = |error| Failure::File(args.observer.clone(), error);
    let listener = UnixListener::bind(&args.observer).map_err(failed)?;
    output.text("{}")?;
    let (province, _) = listener.accept().map_err(failed)?;
    let node = host.app_state().nodes.values().next();
    let office = &node.expect("init wrote one division").office;
    let mut village = Village {
        office,
        province: office.tree().root(),
        pace: province.try_clone().map_err(failed)?,
        held: held(province),
        sent: 0,
    };
    let mut orders = orders();
    while let Some(line) = orders.recv().await {
        let order = serde_json::from_str(&line)
            .map_err(|error| Failure::Usage(format!("`{line}` is not an order: {error}")))?;
        let word = village.obey(order).await?;
        output.text(&serde_json::to_string(&word).expect("a word is valid JSON"))?;
    }
    host.stop().await;
    telemetry.shutdown().await;
    Ok(())
}

struct Village<'a> {
    office: &'a Office,
    province: DivisionCode,
    /// Connection that tells the province how often to read its count.
    pace: UnixStream,
    /// Number of matters that the province holds durably.
    held: watch::Receiver<u64>,
    sent: u64,
}

impl Village<'_> {
    async fn obey(&mut self, order: Order) -> Result<Word, Failure> {
        match order {
            Order::One { count, within } => {
                self.look(Pace::Close)?;
                let took = timeout(within, self.one_at_a_time(count)).await;
                self.look(Pace::Calm)?;
                took.unwrap_or_else(|_| Ok(self.late()))
            }
            Order::Send { count, within } => {
                let sent = timeout(within, self.send(count)).await;
                sent.unwrap_or_else(|_| Ok(self.late()))
            }
            Order::Arrived { within } => Ok(match timeout(within, self.arrived()).await {
                Ok(()) => Word::Done,
                Err(_) => self.late(),
            }),
        }
    }

    fn look(&mut self, pace: Pace) -> Result<(), Failure> {
        let told = self.pace.write_all(&[pace as u8]);
        told.map_err(|error| Failure::Failed(format!("the province is gone: {error}")))
    }

    fn late(&self) -> Word {
        Word::Late {
            held: *self.held.borrow(),
            of: self.sent,
        }
    }

    async fn one_at_a_time(&mut self, count: u64) -> Result<Word, Failure> {
        let mut took = vec![];
        for _ in 0..count {
            let number = self.sent;
            self.sent += 1;
            let start = Instant::now();
            self.report(number).await?;
            self.arrived().await;
            took.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        Ok(Word::Took(took))
    }

    async fn send(&mut self, count: u64) -> Result<Word, Failure> {
        let numbers = self.sent..self.sent + count;
        self.sent += count;
        let village = &*self;
        stream::iter(numbers)
            .map(|number| village.report(number))
            .buffer_unordered(CALLERS)
            .try_collect::<()>()
            .await?;
        Ok(Word::Done)
    }

    /// Reports a matter and hands it to the province in one commit. It is durable when this
    /// returns.
    async fn report(&self, number: u64) -> Result<(), Failure> {
        let text = String::from_utf8(record(number)).expect("a record is ASCII");
        let category = "enforcement/lighting".parse();
        let new = NewReport::new(category.expect("it is in the catalogue"), text);
        let actor = Actor::Rule("bench".to_owned());
        let reported = self
            .office
            .matters()
            .report_and_escalate(new, self.province, actor)
            .await;
        reported
            .map(drop)
            .map_err(|error| Failure::Failed(error.to_string()))
    }

    async fn arrived(&mut self) {
        let sent = self.sent;
        // The sender belongs to a thread that ends with the province; the deadline ends the wait.
        if self.held.wait_for(|held| *held >= sent).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Follows the count of the province.
fn held(mut province: UnixStream) -> watch::Receiver<u64> {
    let (tell, held) = watch::channel(0);
    std::thread::spawn(move || {
        let mut number = [0; 8];
        while province.read_exact(&mut number).is_ok() {
            tell.send_replace(u64::from_le_bytes(number));
        }
    });
    held
}

/// Reads the lines of standard input.
fn orders() -> mpsc::Receiver<String> {
    let (tell, orders) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    });
    orders
}
