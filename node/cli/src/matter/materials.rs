//! `wujitong matter materials`

use api::{CheckMaterials, Language, MaterialsView};
use domain::ids::MatterId;

use crate::{
    Failure, Output,
    language::{self, told},
    site::Asked,
    tables::table,
};

/// Shows which materials an application needs, or records which of them are there (一次性告知)
///
/// With --there or --nothing the applicant is told in writing all that is missing. What was not
/// missing once is not asked for later.
///
/// Examples:
///   wujitong matter materials 330825002222-1f3a9c04-17
///   wujitong matter materials 330825002222-1f3a9c04-17 --there identity-card --there household-book
///   wujitong matter materials 330825002222-1f3a9c04-17 --nothing
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Materials {
    /// Number of the matter
    id: MatterId,
    /// Code of a material that is there; may be repeated
    #[arg(long, value_name = "CODE")]
    there: Vec<String>,
    /// Nothing is there
    #[arg(long, conflicts_with = "there")]
    nothing: bool,
}

impl Materials {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("matters/{}/materials", self.id));
        let found: MaterialsView = match self.nothing || !self.there.is_empty() {
            false => asked.client.get(&path).await?,
            true => {
                let there = CheckMaterials { there: self.there };
                asked.client.post(&path, &there).await?
            }
        };
        output.facts(&found, || lines(&found, language::of_terminal()))
    }
}

fn lines(found: &MaterialsView, language: Language) -> String {
    if found.asked.is_empty() {
        return told(
            language,
            "no template says which materials this matter needs\n",
            "没有模板规定这件事项要哪些材料\n",
        )
        .to_owned();
    }
    let headings = match language {
        Language::Chinese => ["代码", "材料", "形式", "从哪里取得", "情况"],
        Language::English => ["code", "material", "form", "from", "state"],
    };
    let rows = found.asked.iter().map(|one| {
        let state = match (found.checks, found.missing.contains(&one.code)) {
            (0, _) => told(language, "not checked", "未核对"),
            (_, true) => told(language, "missing", "缺"),
            (_, false) => told(language, "there", "已收"),
        };
        let from = one.from.as_ref();
        [
            one.code.clone(),
            told(language, &one.name.en, &one.name.zh).to_owned(),
            one.form.label(),
            from.map(|from| told(language, &from.en, &from.zh).to_owned())
                .unwrap_or_default(),
            state.to_owned(),
        ]
    });
    table(headings, rows)
}
