//! Mutants: inputs that differ a little from others, drawn from a seed.

/// Longest mutant in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// What decoders trip over.
const TOKENS: [&[u8]; 40] = [
    b"",
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbd",
    b"\xe3\x80\x80",
    b"\r\n",
    b"\n",
    b"\t",
    b"\"",
    b"'",
    b",",
    b";",
    b"=",
    b"&",
    b"%",
    b"%00",
    b"%E9",
    b"+",
    b"-",
    b".",
    b"/",
    b"..",
    b"0",
    b"-1",
    b"1e309",
    b"NaN",
    b"1e-400",
    b"9223372036854775808",
    b"18446744073709551615",
    b"[",
    b"{",
    b"null",
    b"33",
    b"330825002222",
    b"\xe5\xbc\xa0\xe7\x8e\x8b\xe6\x9d\x91",
];

/// Draws mutants, the same ones for the same seed.
#[derive(Clone, Debug)]
pub struct Mutator(u64);

impl Mutator {
    /// Begins with a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws the next number (SplitMix64).
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Draws a number below `end`, or 0 if that is 0.
    fn below(&mut self, end: usize) -> usize {
        match end {
            0 => 0,
            end => (self.draw() % end as u64) as usize,
        }
    }

    /// Draws a short stretch of a text of this length.
    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        let most = match self.below(4) {
            0 => length - from,
            1 => 64,
            _ => 8,
        };
        from..from + self.below(most.min(length - from) + 1)
    }

    /// Makes a mutant of one of these inputs, of which there is at least one.
    pub fn mutant(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = inputs[self.below(inputs.len())].clone();
        bytes.truncate(MOST_BYTES);
        for _ in 0..=self.below(6) {
            self.change(&mut bytes, inputs);
        }
        bytes.truncate(MOST_BYTES);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        match self.below(10) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            1 if !bytes.is_empty() => bytes[at] = self.draw() as u8,
            2 if !bytes.is_empty() => {
                let by = self.draw() as u8 % 9;
                bytes[at] = bytes[at].wrapping_add(by).wrapping_sub(4);
            }
            3 => {
                let gone = self.stretch(bytes.len());
                bytes.drain(gone);
            }
            4 => bytes.truncate(at),
            5 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let end = match self.below(2) {
                    0 => at,
                    _ => bytes.len().min(at + token.len()),
                };
                bytes.splice(at..end, token.iter().copied());
            }
            6 => {
                let some = self.stretch(bytes.len());
                let some = bytes[some].to_vec();
                let times = 1 << self.below(10);
                let again: Vec<u8> = some
                    .iter()
                    .copied()
                    .cycle()
                    .take(some.len() * times)
                    .collect();
                let again = again.into_iter().take(MOST_BYTES);
                bytes.splice(at..at, again);
            }
            7 => {
                let other = &inputs[self.below(inputs.len())];
                let some = self.stretch(other.len());
                let gone = self.stretch(bytes.len());
                bytes.splice(gone, other[some].iter().copied());
            }
            8 => {
                // The beginning of one, the end of another.
                let other = &inputs[self.below(inputs.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[self.below(other.len())..]);
            }
            _ => self.other_number(bytes),
        }
    }

    /// Puts another number in the place of one that is written in digits.
    fn other_number(&mut self, bytes: &mut Vec<u8>) {
        let start = self.below(bytes.len());
        let Some(from) = bytes[start..].iter().position(u8::is_ascii_digit) else {
            return;
        };
        let from = start + from;
        let digits = bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        let to = from + digits.count();
        let number = match self.below(4) {
            0 => self.below(10).to_string(),
            1 => (1_u64 << self.below(64)).to_string(),
            2 => u64::MAX.to_string(),
            _ => self.draw().to_string(),
        };
        bytes.splice(from..to, number.into_bytes());
    }
}
