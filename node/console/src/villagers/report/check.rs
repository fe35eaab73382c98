//! What is wrong with what was typed.

use domain::matter::Detail;

use super::{Sheet, steps::Step};

/// Something that is wrong with a field.
pub(crate) struct Wrong {
    pub(crate) field: &'static str,
    pub(crate) says: String,
}

impl Sheet<'_> {
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
                            field: "where",
                            says,
                        });
                    } else if place.chars().chain(named.chars()).count() >= Detail::MOST_ADDRESS {
                        let says = w.too_long(Detail::MOST_ADDRESS);
                        wrong.push(Wrong {
                            field: "where",
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
                            field: "text",
                            says,
                        });
                    } else if text.chars().count() > most {
                        let says = w.too_long(most);
                        wrong.push(Wrong {
                            field: "text",
                            says,
                        });
                    }
                    if self.is_dangerous() && self.draft.get("calm").is_empty() {
                        let says = w.danger_first().to_owned();
                        wrong.push(Wrong {
                            field: "calm",
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
                            field: "name",
                            says,
                        });
                    }
                }
                Step::Photo | Step::Alike | Step::Check => {}
            }
        }
        wrong
    }
}
