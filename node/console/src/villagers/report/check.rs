//! What is wrong with what was typed.

use api::{DataRequest, problem::Problem};
use domain::matter::Detail;
use http::Method;

use super::{Sheet, steps::Step};
use crate::data_fields::{PREFIX, said};

/// Something that is wrong with a field.
pub(crate) struct Wrong {
    pub(crate) field: String,
    pub(crate) says: String,
}

impl Sheet<'_> {
    /// Asks the node what is wrong with the data.
    pub(super) async fn wrong_data(&self) -> Result<Vec<Wrong>, Problem> {
        let said = DataRequest {
            category: self.category().to_owned(),
            data: self.data(),
        };
        let path = self.visit.api("draft/data")?;
        match self.visit.calls.ask(Method::POST, &path, &said).await {
            Ok(_) => Ok(vec![]),
            Err(problem) if !problem.fields.is_empty() => Ok(self.wrong_fields(&problem)),
            Err(problem) => Err(problem),
        }
    }

    /// Returns the fields of the data that a problem names.
    pub(super) fn wrong_fields(&self, problem: &Problem) -> Vec<Wrong> {
        let faults = problem.fields.iter();
        let wrong = faults.map(|fault| Wrong {
            field: format!("{PREFIX}{}", fault.field),
            says: said(self.visit.w, &fault.says),
        });
        wrong.collect()
    }

    /// Checks what was typed on some pages.
    pub(super) fn wrong_on(&self, steps: &[Step]) -> Vec<Wrong> {
        let w = self.visit.w;
        let mut wrong = vec![];
        for step in steps {
            match step {
                Step::Where => {
                    let place = self.draft.get("where");
                    let named = self.draft.get("place");
                    if [place, named].iter().all(|text| text.is_empty()) && self.point().is_none() {
                        let says = w.where_missing().to_owned();
                        wrong.push(Wrong {
                            field: "where".to_owned(),
                            says,
                        });
                    } else if place.chars().chain(named.chars()).count() >= Detail::MOST_ADDRESS {
                        let says = w.too_long(Detail::MOST_ADDRESS);
                        wrong.push(Wrong {
                            field: "where".to_owned(),
                            says,
                        });
                    }
                }
                Step::What => {
                    let text = self.draft.get("text");
                    let most = self.promises.report_chars as usize;
                    if text.is_empty() {
                        let says = w.text_missing().to_owned();
                        wrong.push(Wrong {
                            field: "text".to_owned(),
                            says,
                        });
                    } else if text.chars().count() > most {
                        let says = w.too_long(most);
                        wrong.push(Wrong {
                            field: "text".to_owned(),
                            says,
                        });
                    }
                    if self.is_dangerous() && self.draft.get("calm").is_empty() {
                        let says = w.danger_first().to_owned();
                        wrong.push(Wrong {
                            field: "calm".to_owned(),
                            says,
                        });
                    }
                }
                Step::Contact => {
                    let reach = ["name", "phone"].map(|name| self.draft.get(name));
                    let named = reach.iter().any(|text| !text.is_empty());
                    if !named && !self.promises.anonymous && !self.visit.is_signed_in() {
                        let says = w.name_missing().to_owned();
                        wrong.push(Wrong {
                            field: "name".to_owned(),
                            says,
                        });
                    }
                }
                // The node checks the data.
                Step::Photo | Step::Data | Step::Alike | Step::Check => {}
            }
        }
        wrong
    }
}
