//! The Chinese of every refusal, subject by subject. The English stands at the refusal itself. All matches are
//! total, so that a refusal without Chinese does not compile (`docs/decisions/0084`).

mod boards;
mod clocks;
mod disclosures;
mod files;
mod forms;
mod matters;
mod people;
mod points;
mod process;
