//! `wujitong board`

use std::path::PathBuf;

use api::{
    BoardLine, Boards, PinPost, PostLine, PostPage, PostView, PostsQuery, RemovalView, RemovePost,
    WriteAnswer, WritePost,
};
use clap::Subcommand;
use domain::{
    board::{BoardCode, PostId, RemovalGround},
    foreign::escape,
};

use super::{
    Failure, Output,
    labels::{moment, one_of},
    matter::attach,
    site::{Asked, Site},
    tables::{pairs, table},
};

/// Boards (公告栏): reads them, writes on them, and moderates them
///
/// Templates of the kind `board` say which boards there are, who writes on them and how long posts stay.
///
/// Examples:
///   wujitong board list --node 330825002222
///   wujitong board posts news --node 330825002222
///   wujitong board write news --title "停水通知" --text "周三上午停水检修" --attach valve.jpg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Board {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Posts(Posts),
    Show(Show),
    Write(Write),
    Answer(AnswerPost),
    /// Keeps a post above the others
    ///
    /// Examples:
    ///   wujitong board pin news 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Pin(Post),
    /// Lets a pinned post stand among the others again
    ///
    /// Examples:
    ///   wujitong board unpin news 1f3a9c0411223344
    #[command(verbatim_doc_comment)]
    Unpin(Post),
    Remove(Remove),
}

/// Lists the boards of a division, with their newest posts
///
/// Examples:
///   wujitong board list --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Lists the posts of a board: pinned ones first, then the newest
///
/// Examples:
///   wujitong board posts news
///   wujitong board posts news --after 1f3a9c0411223344
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Posts {
    /// The board, as `wujitong board list` shows it
    board: BoardCode,
    /// Begin after this post
    #[arg(long, value_name = "NUMBER")]
    after: Option<PostId>,
}

/// A post.
#[derive(Debug, clap::Args)]
struct Post {
    /// The board
    board: BoardCode,
    /// Number of the post
    number: PostId,
}

/// Shows a post with its answers
///
/// Examples:
///   wujitong board show news 1f3a9c0411223344
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    #[command(flatten)]
    post: Post,
}

/// Writes a post
///
/// Examples:
///   wujitong board write news --title "停水通知" --text "周三上午停水检修"
///   wujitong board write news --title "文化节" --text "周六晚上七点" --attach stage.jpg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Write {
    /// The board
    board: BoardCode,
    /// Title, at most 80 characters
    #[arg(long)]
    title: String,
    /// What it says, at most 5,000 characters; `-` reads it from standard input
    #[arg(long)]
    text: String,
    /// A photo; may be repeated
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// Why what looks like personal data is published all the same
    #[arg(long, value_name = "WHY")]
    despite: Option<String>,
}

/// Answers a post
///
/// Examples:
///   wujitong board answer news 1f3a9c0411223344 --text "收到"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct AnswerPost {
    #[command(flatten)]
    post: Post,
    /// What it says, at most 500 characters; `-` reads it from standard input
    #[arg(long)]
    text: String,
}

/// Removes a post, or one of its answers; the ground stays to be read
///
/// What it says is erased for good. Whoever does not moderate takes back only what they wrote.
///
/// Examples:
///   wujitong board remove news 1f3a9c0411223344 --ground untrue --words "时间有误"
///   wujitong board remove news 1f3a9c0411223344 --answer 2 --ground insult
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Remove {
    #[command(flatten)]
    post: Post,
    /// The answer to remove; the whole post if left out
    #[arg(long, value_name = "NUMBER")]
    answer: Option<u32>,
    /// The ground, which everybody reads
    #[arg(long, value_parser = one_of::<RemovalGround>())]
    ground: RemovalGround,
    /// More about it, which everybody reads
    #[arg(long, default_value = "")]
    words: String,
}

impl Board {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::List(List) => {
                let boards: Boards = asked.client.get(&asked.path("boards")).await?;
                output.facts(&boards, || list(&boards))
            }
            What::Posts(Posts { board, after }) => {
                let query = PostsQuery {
                    after: after.map(|after| after.to_string()),
                };
                let path = asked.path(&format!("boards/{board}"));
                let page: PostPage = asked.client.find(&path, &query).await?;
                output.facts(&page, || posts(&page))
            }
            What::Show(Show { post }) => {
                let view: PostView = asked.client.get(&post.path(&asked, "")).await?;
                output.facts(&view, || shown(&view))
            }
            What::Write(write) => write.run(&asked, output).await,
            What::Answer(AnswerPost { post, text }) => {
                let request = WriteAnswer {
                    text: super::matter::given_text(text)?,
                };
                let path = post.path(&asked, "/answers");
                let view: PostView = asked.client.post(&path, &request).await?;
                output.facts(&view, || shown(&view))
            }
            What::Pin(post) => post.pin(&asked, true, output).await,
            What::Unpin(post) => post.pin(&asked, false, output).await,
            What::Remove(Remove {
                post,
                answer,
                ground,
                words,
            }) => {
                let request = RemovePost {
                    ground,
                    words,
                    answer,
                };
                let path = post.path(&asked, "/remove");
                let view: PostView = asked.client.post(&path, &request).await?;
                output.facts(&view, || shown(&view))
            }
        }
    }
}

impl Write {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = WritePost {
            title: self.title,
            text: super::matter::given_text(self.text)?,
            photos: attach(asked, &self.attach, output).await?,
            despite: self.despite,
        };
        let path = asked.path(&format!("boards/{}/posts", self.board));
        let view: PostView = asked.client.post(&path, &request).await?;
        output.facts(&view, || shown(&view))
    }
}

impl Post {
    fn path(&self, asked: &Asked, rest: &str) -> String {
        asked.path(&format!(
            "boards/{}/posts/{}{rest}",
            self.board, self.number
        ))
    }

    async fn pin(
        self,
        asked: &Asked,
        pinned: bool,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        let path = self.path(asked, "/pin");
        let view: PostView = asked.client.post(&path, &PinPost { pinned }).await?;
        output.facts(&view, || shown(&view))
    }
}

fn list(boards: &Boards) -> String {
    if boards.boards.is_empty() {
        return "no template in force has boards\n".to_owned();
    }
    let headings = ["board", "name", "written on by", "kept", "#posts", "latest"];
    let rows = boards.boards.iter().map(|line: &BoardLine| {
        let board = &line.board;
        let writers: Vec<_> = board.writers.iter().map(|role| role.code()).collect();
        let latest = line.latest.as_ref();
        [
            board.code.clone(),
            board.name.clone(),
            writers.join(", "),
            board
                .keep_days
                .map_or_else(|| "for ever".to_owned(), |days| format!("{days} days")),
            line.posts.to_string(),
            latest.map(title).unwrap_or_default(),
        ]
    });
    table(headings, rows)
}

/// Tells a post in a few words: its title, or why it was removed.
fn title(line: &PostLine) -> String {
    match &line.removed {
        Some(removal) => removed(removal),
        None => escape(&line.title),
    }
}

fn removed(removal: &RemovalView) -> String {
    let words = match &*removal.words {
        "" => String::new(),
        words => format!(" ({})", escape(words)),
    };
    format!(
        "removed: {}{words}, {}",
        removal.ground.label(),
        moment(removal.at_ms)
    )
}

fn posts(page: &PostPage) -> String {
    if page.posts.is_empty() {
        return "none\n".to_owned();
    }
    let headings = [
        "number", "posted", "by", "pinned", "title", "#photos", "#answers",
    ];
    let rows = page.posts.iter().map(|line| {
        [
            line.number.clone(),
            moment(line.at_ms),
            line.role.map(|role| role.label()).unwrap_or_default(),
            if line.pinned { "yes" } else { "" }.to_owned(),
            title(line),
            line.photos.to_string(),
            line.answers.to_string(),
        ]
    });
    let mut text = table(headings, rows);
    if let Some(next) = &page.next {
        text += &format!("there are more; go on with --after {next}\n");
    }
    text
}

fn shown(view: &PostView) -> String {
    let line = &view.line;
    let mut text = pairs([
        ("number", line.number.clone()),
        ("board", format!("{} {}", view.board.code, view.board.name)),
        ("posted", moment(line.at_ms)),
        (
            "by",
            line.role
                .map_or_else(|| "owner".to_owned(), |role| role.label()),
        ),
        ("title", title(line)),
        (
            "goes",
            view.until_ms.map_or_else(|| "never".to_owned(), moment),
        ),
        ("photos", line.photos.to_string()),
    ]);
    if !view.text.is_empty() {
        text += &format!("\n{}\n", lines(&view.text));
    }
    for answer in &view.answers {
        let said = match &answer.removed {
            Some(removal) => removed(removal),
            None => escape(&answer.text),
        };
        text += &format!("\n{} {} {said}\n", answer.number, moment(answer.at_ms));
    }
    text
}

/// Makes a text of several lines harmless for terminals.
fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}
