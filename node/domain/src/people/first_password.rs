//! First passwords: made by the node for somebody else, shown once, and good for nothing but setting an
//! own one.

use super::HashCost;

/// Characters of a first password: none that looks like another on paper.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Characters of a first password without the dashes.
const LENGTH: usize = 16;
/// Characters between two dashes.
const GROUP: usize = 4;

/// The cost of the hash of a first password, in place of that of policy. Whoever chose it is no person: it
/// has 79 random bits, which nobody tries out however cheap each try is, and one sheet has hundreds.
pub const FIRST_HASH_COST: HashCost = HashCost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

/// Makes a first password of 16 random bytes: four groups of four letters and digits, such as
/// `k7mq-2fxe-9hda-w3np`.
pub fn first_password(random: [u8; 16]) -> String {
    let mut left = u128::from_be_bytes(random);
    let mut password = String::with_capacity(LENGTH + LENGTH / GROUP);
    for at in 0..LENGTH {
        if at > 0 && at % GROUP == 0 {
            password.push('-');
        }
        let letters = LETTERS.len() as u128;
        password.push(char::from(LETTERS[(left % letters) as usize]));
        left /= letters;
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_password_is_read_off_paper_without_mistakes_and_uses_all_its_randomness() {
        let password = first_password([0xab; 16]);
        assert_eq!(password.len(), 19, "{password}");
        assert!(password.split('-').all(|group| group.len() == GROUP));
        for alike in ["0", "1", "i", "l", "o"] {
            assert!(!LETTERS.contains(&alike.as_bytes()[0]));
        }
        let mut other = [0xab; 16];
        other[15] ^= 1;
        assert_ne!(first_password(other), password);
        let mut high = [0xab; 16];
        high[7] ^= 0x80;
        assert_ne!(first_password(high), password, "the upper half counts, too");
    }
}
