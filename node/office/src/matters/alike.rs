//! Matters that may be the same (并案), for a person to decide.

use api::Alike;
use domain::{
    custody::{Docket, Standing},
    ids::MatterId,
    likeness::{Traits, likeness},
    matter::Body,
};
use records::table::Table;

use super::index::Partition;
use crate::{Failed, Fault, MatterRefusal, NoSuchMatter, services::Matters, tables};

/// The least score of a suggestion; see [`likeness()`].
pub(super) const LEAST: u8 = 45;

/// The most matters suggested.
const MOST: usize = 10;

/// The most open matters compared; older ones are left out.
const MOST_COMPARED: usize = 2_000;

impl Matters<'_> {
    /// Returns the open matters held here that are most like one held here. The most alike come
    /// first, at most ten.
    ///
    /// # Errors
    /// If there is no such matter, or another division holds it: then the text of its reporter is
    /// not here.
    pub async fn alike(self, id: MatterId) -> Result<Vec<Alike>, Failed<MatterRefusal>> {
        let docket = self.docket(id).await?;
        let docket = docket.ok_or(NoSuchMatter(id))?;
        if docket.standing != Standing::Holding {
            let holder = docket.matter.holder;
            return Err(domain::custody::Refusal::NotHolder(holder).into());
        }
        let Some(body) = self.paper(&docket.matter, &docket.matter.body).await? else {
            return Ok(vec![]);
        };
        let mut found = vec![];
        for other in self.open_dockets(MOST_COMPARED).await? {
            if other.matter.id == id {
                continue;
            }
            let Some(paper) = self.paper(&other.matter, &other.matter.body).await? else {
                continue;
            };
            let same_category = docket.matter.category == other.matter.category;
            let traits = |docket: &Docket, body| Self::traits(docket, body, same_category);
            let likeness = likeness(traits(&docket, &body), traits(&other, &paper));
            let apart = body.place.zip(paper.place);
            if likeness >= LEAST {
                found.push(Alike {
                    id: other.matter.id.to_string(),
                    likeness,
                    metres: apart.map(|(here, there)| here.metres_to(there).round() as u32),
                });
            }
        }
        found.sort_by(|a, b| b.likeness.cmp(&a.likeness).then(a.id.cmp(&b.id)));
        found.truncate(MOST);
        Ok(found)
    }

    fn traits<'a>(docket: &Docket, body: &'a Body, same_category: bool) -> Traits<'a> {
        Traits {
            text: &body.text,
            place: body.place,
            at: docket.matter.reported_at(),
            same_category,
        }
    }

    /// Returns the latest open matters held here.
    async fn open_dockets(self, most: usize) -> Result<Vec<Docket>, Fault> {
        let open = tables::Index::under(&Partition::HeldOpen);
        let mut read = self.read()?;
        let mut dockets = vec![];
        for (_, line) in read.scan_back(open, most).await? {
            let docket = read.get::<tables::Dockets>(&line.id).await?;
            let open = |docket: &Docket| {
                docket.standing == Standing::Holding && !docket.matter.is_closed()
            };
            dockets.extend(docket.filter(open));
        }
        Ok(read.finish(dockets).await?)
    }
}
