//! Writes the form of a disclosure, and what was published.

use domain::{
    csv,
    disclosure::{Content, Field, FieldKind, Item, MOST_ROWS},
    time::Day,
};
use rust_xlsxwriter::{
    DataValidation, DataValidationRule, DocProperties, ExcelDateTime, Format, FormatBorder,
    Formula, Workbook, Worksheet, XlsxError,
};

use super::{
    FormId, Published,
    figures::exact,
    layout::{GUIDE_ROW, HIDDEN_ROW, HINT, LABEL, Layout, TITLE_ROW, VALUE, note_label},
};

/// Rows without content that are framed below the others.
const SPARE_ROWS: u32 = 30;
/// The most characters of a list of options that stands in the rule of a cell; longer ones stand in the hidden row.
const MOST_LIST: usize = 250;
const GUIDE: &str =
    "只填有底色的格子；不要改动其他格子，不要合并单元格，不要用公式。填好后回到起草页面上传。";

/// Packs the form of an item with what is typed so far. `period` is told beside its name.
///
/// # Panics
/// Never: every form is within the limits of a sheet.
pub fn written(id: &FormId, item: &Item, period: &str, content: &Content) -> Vec<u8> {
    let packed = Writer::default().form(id, item, (period, content));
    packed.expect("a form is within the limits of a sheet")
}

/// Packs what was published.
///
/// # Panics
/// Never: every document is within the limits of a sheet.
pub fn published(published: &Published) -> Vec<u8> {
    let packed = Writer::default().published(published);
    packed.expect("a document is within the limits of a sheet")
}

/// How cells look.
struct Looks {
    title: Format,
    label: Format,
    hint: Format,
    /// A cell to fill in, or that says something.
    value: Format,
}

impl Looks {
    fn new(fill: Option<u32>) -> Self {
        let framed = Format::new().set_border(FormatBorder::Thin);
        let value = framed.clone().set_text_wrap();
        Self {
            title: Format::new().set_bold().set_font_size(14),
            label: framed.set_bold().set_text_wrap(),
            hint: Format::new().set_font_color(0x5f_5f5f),
            value: match fill {
                Some(colour) => value.set_background_color(colour),
                None => value,
            },
        }
    }

    fn of(&self, kind: FieldKind) -> Format {
        let format = match kind {
            FieldKind::Money => "#,##0.00",
            FieldKind::Number => "General",
            FieldKind::Date => "yyyy\\-mm\\-dd",
            FieldKind::Text | FieldKind::Choice => "@",
        };
        self.value.clone().set_num_format(format)
    }
}

/// Writes one sheet.
#[derive(Default)]
struct Writer {
    sheet: Worksheet,
    /// The next free cell of the hidden row.
    hidden: u16,
}

impl Writer {
    fn form(
        mut self,
        id: &FormId,
        item: &Item,
        (period, content): (&str, &Content),
    ) -> Result<Vec<u8>, XlsxError> {
        let looks = Looks::new(Some(0xff_f7db));
        let layout = Layout::of(item);
        self.sheet.set_name("公开表单")?;
        self.sheet
            .write_string(HIDDEN_ROW, LABEL, id.to_string())?
            .set_row_hidden(HIDDEN_ROW)?;
        self.hidden = 1;
        self.heading(&format!("{} {period}", item.name), &looks)?;
        self.text((GUIDE_ROW, LABEL), GUIDE, &looks.hint)?;
        for (column, name) in (LABEL..).zip(["项目", "填写", "要求"]) {
            self.text((layout.head(), column), name, &looks.label)?;
        }
        for (at, field) in item.fields.iter().enumerate() {
            let typed = content.fields.get(at).map_or("", |text| text);
            let row = layout.field(at);
            self.text((row, LABEL), &field.name, &looks.label)?;
            self.value((row, VALUE), field, typed, &looks)?;
            self.text((row, HINT), &asked(field), &looks.hint)?;
            self.rule(field, (row, row), VALUE)?;
        }
        let (row, note) = (layout.note(), note_label(item));
        self.text((row, LABEL), &note, &looks.label)?;
        let wrapped = looks.of(FieldKind::Text);
        self.text((row, VALUE), &content.note, &wrapped)?;
        self.text((row, HINT), "可不填", &looks.hint)?;
        self.columns(item, &layout, &looks)?;
        self.rows(item, content, (layout.table(), SPARE_ROWS), &looks)?;
        self.packed()
    }

    fn published(mut self, published: &Published) -> Result<Vec<u8>, XlsxError> {
        let looks = Looks::new(None);
        self.sheet.set_name("公开内容")?;
        self.heading(&published.title, &looks)?;
        let mut row = TITLE_ROW + 1;
        for (label, text) in &published.facts {
            self.text((row, LABEL), label, &looks.hint)?;
            self.text((row, VALUE), text, &looks.hint)?;
            row += 1;
        }
        for (field, says) in &published.fields {
            let unit = field.unit.as_deref().unwrap_or_default();
            self.text((row, LABEL), &field.name, &looks.label)?;
            self.value((row, VALUE), field, says, &looks)?;
            self.text((row, HINT), unit, &looks.hint)?;
            row += 1;
        }
        row += 1;
        for (at, column) in published.columns.iter().enumerate() {
            self.text((row, at as u16), &column.name, &looks.label)?;
        }
        self.widths(published.columns.len())?;
        row += 1;
        for texts in &published.rows {
            for (at, (column, says)) in published.columns.iter().zip(texts).enumerate() {
                self.value((row, at as u16), column, says, &looks)?;
            }
            row += 1;
        }
        if !published.note.is_empty() {
            self.text((row + 1, LABEL), &published.note, &looks.hint)?;
        }
        self.packed()
    }

    fn heading(&mut self, title: &str, looks: &Looks) -> Result<(), XlsxError> {
        self.text((TITLE_ROW, LABEL), title, &looks.title)
    }

    /// Writes the headings of the table, with what belongs into each column.
    fn columns(&mut self, item: &Item, layout: &Layout, looks: &Looks) -> Result<(), XlsxError> {
        self.widths(item.columns.len())?;
        if item.columns.is_empty() {
            return Ok(());
        }
        let caption = (layout.caption(), LABEL);
        self.text(caption, "明细（每行一条）", &looks.label)?;
        let first = layout.table();
        for (at, column) in (0_u16..).zip(&item.columns) {
            self.text((layout.hints(), at), &asked(column), &looks.hint)?;
            self.text((layout.headings(), at), &column.name, &looks.label)?;
            self.rule(column, (first, first + MOST_ROWS as u32 - 1), at)?;
        }
        Ok(())
    }

    fn widths(&mut self, columns: usize) -> Result<(), XlsxError> {
        let last = (columns.max(3) - 1) as u16;
        for column in 0..=last {
            self.sheet.set_column_width(column, 24)?;
        }
        self.sheet.set_landscape().set_print_fit_to_pages(1, 0);
        Ok(())
    }

    /// Writes the table, and rows to fill in below it.
    fn rows(
        &mut self,
        item: &Item,
        content: &Content,
        (first, spare): (u32, u32),
        looks: &Looks,
    ) -> Result<(), XlsxError> {
        let count = content.rows.len() as u32;
        for row in 0..count + spare {
            let texts = content.rows.get(row as usize);
            for (at, column) in (0_u16..).zip(&item.columns) {
                let typed = texts.and_then(|texts| texts.get(usize::from(at)));
                let typed = typed.map_or("", |text| text);
                self.value((first + row, at), column, typed, looks)?;
            }
        }
        Ok(())
    }

    /// Writes a text; one that a spreadsheet would take for a formula keeps the sign that it is a text.
    fn text(
        &mut self,
        (row, column): (u32, u16),
        text: &str,
        look: &Format,
    ) -> Result<(), XlsxError> {
        if text.is_empty() {
            self.sheet.write_blank(row, column, look)?;
            return Ok(());
        }
        let is_plain = *csv::defused(text) == *text;
        let quoted = (!is_plain).then(|| look.clone().set_quote_prefix());
        let look = quoted.as_ref().unwrap_or(look);
        self.sheet
            .write_string_with_format(row, column, text, look)?;
        Ok(())
    }

    /// Writes what a field says: as a number or a day where it is one that a sheet keeps exactly.
    fn value(
        &mut self,
        (row, column): (u32, u16),
        field: &Field,
        text: &str,
        looks: &Looks,
    ) -> Result<(), XlsxError> {
        let look = looks.of(field.kind);
        match field.kind {
            FieldKind::Money | FieldKind::Number => {
                if let Some(number) = exact(text) {
                    self.sheet
                        .write_number_with_format(row, column, number, &look)?;
                    return Ok(());
                }
            }
            FieldKind::Date => {
                if let Some(day) = day(text) {
                    self.sheet
                        .write_datetime_with_format(row, column, &day, &look)?;
                    return Ok(());
                }
            }
            FieldKind::Text | FieldKind::Choice => {}
        }
        self.text((row, column), text, &look)
    }

    /// Says what may be typed in cells of a column.
    fn rule(
        &mut self,
        field: &Field,
        (first, last): (u32, u32),
        column: u16,
    ) -> Result<(), XlsxError> {
        let most = 999_999_999_999_999.0;
        let (rule, says) = match field.kind {
            FieldKind::Money | FieldKind::Number => (
                DataValidation::new()
                    .allow_decimal_number(DataValidationRule::Between(-most, most)),
                "请填数字",
            ),
            FieldKind::Date => {
                let from = ExcelDateTime::from_ymd(1900, 1, 1)?;
                let to = ExcelDateTime::from_ymd(9999, 12, 31)?;
                let rule = DataValidation::new().allow_date(DataValidationRule::Between(from, to));
                (rule, "请填日期，如 2026-03-01")
            }
            FieldKind::Choice => (self.options(field)?, "请从可选项中选"),
            FieldKind::Text => return Ok(()),
        };
        let rule = rule.set_error_title("填写有误")?.set_error_message(says)?;
        self.sheet
            .add_data_validation(first, column, last, column, &rule)?;
        Ok(())
    }

    /// Returns the rule of a choice. Options that fit no rule stand in the hidden row.
    fn options(&mut self, field: &Field) -> Result<DataValidation, XlsxError> {
        let length: usize = field
            .options
            .iter()
            .map(|one| one.chars().count() + 1)
            .sum();
        let is_odd = |option: &str| option.contains([',', '"']);
        if length <= MOST_LIST && !field.options.iter().any(|option| is_odd(option)) {
            let options: Vec<&str> = field.options.iter().map(|option| &**option).collect();
            return DataValidation::new().allow_list_strings(&options);
        }
        let first = self.hidden;
        for option in &field.options {
            self.sheet
                .write_string(HIDDEN_ROW, self.hidden, &**option)?;
            self.hidden += 1;
        }
        let name = |column: u16| {
            let spot = crate::book::spot(HIDDEN_ROW, u32::from(column));
            format!("${}$1", &spot[..spot.len() - 1])
        };
        let range = format!("={}:{}", name(first), name(self.hidden - 1));
        Ok(DataValidation::new().allow_list_formula(Formula::new(range)))
    }

    fn packed(self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // The same form gives the same bytes, whenever it is written.
        let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&made));
        book.push_worksheet(self.sheet);
        book.save_to_buffer()
    }
}

/// Returns what a field asks for, in words.
fn asked(field: &Field) -> String {
    let kind = match field.kind {
        FieldKind::Money => "金额，最多两位小数",
        FieldKind::Number => "数字",
        FieldKind::Date => "日期",
        FieldKind::Choice => "从可选项中选",
        FieldKind::Text => "文字",
    };
    let unit = field.unit.as_deref().map(|unit| format!("，单位：{unit}"));
    let needed = if field.required {
        "必填"
    } else {
        "可不填"
    };
    format!("{needed}，{kind}{}", unit.unwrap_or_default())
}

/// Returns a day that a sheet can hold as one.
fn day(text: &str) -> Option<ExcelDateTime> {
    let day: Day = text.parse().ok()?;
    let written = day.to_string();
    let mut parts = written.splitn(3, '-');
    let year: u16 = parts.next()?.parse().ok()?;
    let (month, of_month) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    // The first days of a sheet's calendar are off by one (ECMA-376, 18.17.4.1).
    if year < 1901 {
        return None;
    }
    ExcelDateTime::from_ymd(year, month, of_month).ok()
}
