//! Matters that may be the same (并案), for a person to decide.

use api::Alike;
use domain::{
    custody::{Docket, Standing},
    ids::MatterId,
    likeness::{Traits, likeness},
    matter::Body,
};
use store::{Range, record};

use super::{
    Office, OfficeError, keys,
    shelves::{Line, Shelf},
};

/// Less alike than this is not worth a look.
const LEAST: u8 = 45;

/// Matters suggested at most.
const MOST: usize = 10;

/// Open matters that are compared; beyond these, older ones are not.
const MOST_COMPARED: usize = 2_000;

impl Office {
    /// The open matters held here that are most like one held here, most alike first, at most ten.
    ///
    /// # Errors
    /// If there is no such matter, or it is held elsewhere: what its reporter wrote is not here.
    pub async fn alike(&self, id: MatterId) -> Result<Vec<Alike>, OfficeError> {
        let docket = self.docket(id).await?;
        let docket = docket.ok_or(OfficeError::NoSuchMatter(id))?;
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

    /// The latest open matters held here.
    async fn open_dockets(&self, most: usize) -> Result<Vec<Docket>, OfficeError> {
        let shelf = Range::prefix(&keys::shelf(Shelf::HeldOpen));
        let seen = self
            .dependencies
            .store
            .scan(self.me, shelf, most, true)
            .await?;
        let mut dockets = vec![];
        for (_, line) in seen.value {
            let line: Line = record::read(&line)?;
            let docket = self.docket(line.id).await?;
            let open = |docket: &Docket| {
                docket.standing == Standing::Holding && !docket.matter.is_closed()
            };
            dockets.extend(docket.filter(open));
        }
        Ok(dockets)
    }
}
