use image::{DynamicImage, GenericImageView, ImageFormat};

use super::{samples::CANARY, *};

fn taken(media: Media, bytes: Vec<u8>) -> Result<Paper, BadPaper> {
    take(media, bytes, &Limits::default())
}

fn read(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

fn has_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY)
}

fn is_red(picture: &DynamicImage, x: u32, y: u32) -> bool {
    let [red, _, blue, _] = picture.get_pixel(x, y).0;
    red > blue
}

/// R-P6.
#[test]
fn nothing_that_a_camera_wrote_beside_the_pixels_stays() {
    for (media, bytes) in [
        (Media::Jpeg, samples::jpeg(64, 32, 1)),
        (Media::Png, samples::png(64, 32, 255)),
        (Media::Png, samples::png(64, 32, 100)),
        (Media::Webp, samples::webp(64, 32)),
    ] {
        assert!(has_canary(&bytes), "{media}");
        let paper = taken(media, bytes).unwrap();
        assert!(!has_canary(&paper.bytes), "{media}");
        assert!(!has_canary(&paper.thumb.unwrap()), "{media}");
        let pixels = Pixels {
            width: 64,
            height: 32,
        };
        assert_eq!(paper.pixels, Some(pixels));
    }
}

#[test]
fn a_picture_is_kept_as_jpeg_unless_it_is_transparent() {
    for (media, bytes, kept, format) in [
        (
            Media::Jpeg,
            samples::jpeg(8, 8, 1),
            Media::Jpeg,
            ImageFormat::Jpeg,
        ),
        (
            Media::Png,
            samples::png(8, 8, 255),
            Media::Jpeg,
            ImageFormat::Jpeg,
        ),
        (
            Media::Webp,
            samples::webp(8, 8),
            Media::Jpeg,
            ImageFormat::Jpeg,
        ),
        (
            Media::Png,
            samples::png(8, 8, 254),
            Media::Png,
            ImageFormat::Png,
        ),
    ] {
        let paper = taken(media, bytes).unwrap();
        assert_eq!(paper.media, kept);
        assert_eq!(image::guess_format(&paper.bytes).unwrap(), format);
        assert_eq!(
            image::guess_format(&paper.thumb.unwrap()).unwrap(),
            ImageFormat::Jpeg
        );
    }
}

#[test]
fn a_photo_taken_sideways_is_turned_upright() {
    // Orientation 6: the right side of the stored picture is up, so its left, red, comes to the
    // top.
    let paper = taken(Media::Jpeg, samples::jpeg(64, 32, 6)).unwrap();
    let picture = read(&paper.bytes);
    assert_eq!(picture.dimensions(), (32, 64));
    assert!(is_red(&picture, 16, 8) && !is_red(&picture, 16, 56));
    let thumb = read(&paper.thumb.unwrap());
    assert_eq!(thumb.dimensions(), (32, 64));
}

#[test]
fn a_thumbnail_has_the_same_shape_and_is_small() {
    let paper = taken(Media::Jpeg, samples::jpeg(1280, 640, 1)).unwrap();
    let thumb = read(&paper.thumb.unwrap());
    assert_eq!(thumb.dimensions(), (320, 160));
    assert!(is_red(&thumb, 40, 80) && !is_red(&thumb, 280, 80));
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    for (declared, bytes, found) in [
        (Media::Jpeg, samples::png(4, 4, 255), Some(Media::Png)),
        (Media::Png, samples::jpeg(4, 4, 1), Some(Media::Jpeg)),
        (Media::Pdf, samples::jpeg(4, 4, 1), Some(Media::Jpeg)),
        (Media::Text, samples::pdf(), Some(Media::Pdf)),
        (Media::Jpeg, b"<script>".to_vec(), None),
        (Media::Jpeg, vec![], None),
        (Media::Pdf, b"%PDF-x.7 %%EOF".to_vec(), None),
    ] {
        let refused = taken(declared, bytes).unwrap_err();
        assert_eq!(refused, BadPaper::NotAsDeclared { declared, found });
    }
}

#[test]
fn a_file_with_the_right_beginning_and_nothing_behind_is_unreadable() {
    let fakes: [(Media, &[u8]); 3] = [
        (Media::Jpeg, b"\xff\xd8\xff\xd9 photo of the bridge"),
        (Media::Png, b"\x89PNG\r\n\x1a\n photo of the bridge"),
        (Media::Webp, b"RIFF\x10\0\0\0WEBP photo of the bridge"),
    ];
    for (media, bytes) in fakes {
        let refused = taken(media, bytes.to_vec()).unwrap_err();
        let unreadable = matches!(refused, BadPaper::Unreadable(_) | BadPaper::CutOff);
        assert!(unreadable, "{media}: {refused}");
    }
}

#[test]
fn a_picture_cut_off_anywhere_is_refused() {
    for (media, bytes) in [
        (Media::Jpeg, samples::jpeg(40, 40, 1)),
        (Media::Png, samples::png(40, 40, 255)),
        (Media::Webp, samples::webp(40, 40)),
    ] {
        // The last chunk of a PNG and the end mark of a JPEG hold no pixels, so their loss is
        // tolerated.
        let end = match media {
            Media::Png => 16,
            Media::Jpeg => 4,
            _ => 1,
        };
        for kept in (16..bytes.len() - end)
            .step_by(37)
            .chain([bytes.len() - end])
        {
            let cut = taken(media, bytes[..kept].to_vec());
            assert!(cut.is_err(), "{media}: {kept} of {}", bytes.len());
        }
        assert!(taken(media, bytes).is_ok());
    }
}

fn case(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

#[test]
fn a_photo_without_its_end_mark_is_taken_if_nothing_else_is_missing() {
    let panorama = case("panorama-without-end.jpg");
    let paper = taken(Media::Jpeg, panorama.clone()).unwrap();
    let pixels = paper.pixels.unwrap();
    // The phone was held sideways.
    assert_eq!((pixels.width, pixels.height), (200, 400));
    let half = panorama[..panorama.len() * 3 / 4].to_vec();
    assert_eq!(taken(Media::Jpeg, half), Err(BadPaper::CutOff));
    let whole = samples::jpeg(64, 48, 1);
    let expected = taken(Media::Jpeg, whole.clone()).unwrap();
    for end in [1, 2] {
        let cut = whole[..whole.len() - end].to_vec();
        assert_eq!(taken(Media::Jpeg, cut).unwrap().bytes, expected.bytes);
    }
    let mut padded = whole[..whole.len() - 2].to_vec();
    padded.extend([0; 100]);
    assert_eq!(taken(Media::Jpeg, padded).unwrap().bytes, expected.bytes);
}

#[test]
fn a_photo_in_heif_is_refused_with_words_that_help_on_the_telephone() {
    for declared in [Media::Jpeg, Media::Png] {
        let refused = taken(declared, case("phone.heic")).unwrap_err();
        assert_eq!(refused, BadPaper::Heif);
        let told = refused.to_string();
        assert!(
            told.contains("兼容性最佳") && told.contains("Most Compatible"),
            "{told}"
        );
    }
    for name in ["image/heic", "IMAGE/HEIF"] {
        let refused = Media::of_type(name).unwrap_err().to_string();
        assert!(refused.contains("兼容性最佳"), "{refused}");
    }
}

#[test]
fn a_photo_with_more_pixels_than_are_kept_is_scaled_as_far_as_it_is_safe_to_decode() {
    let limits = |pixels| Limits {
        pixels,
        ..Limits::default()
    };
    let photo = samples::jpeg(80, 40, 6);
    let paper = take(Media::Jpeg, photo.clone(), &limits(2_000)).unwrap();
    let Pixels { width, height } = paper.pixels.unwrap();
    assert!(
        width * height <= 2_000 && height > width,
        "{width} {height}"
    );
    let picture = read(&paper.bytes);
    assert!(is_red(&picture, width / 2, 2) && !is_red(&picture, width / 2, height - 3));
    let refused = take(Media::Jpeg, photo, &limits(1_000)).unwrap_err();
    assert!(
        matches!(refused, BadPaper::TooManyPixels { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("lower resolution"));
}

#[test]
fn what_hangs_behind_a_picture_is_left_behind() {
    let mut bytes = samples::jpeg(16, 16, 1);
    bytes.extend(b"PK\x03\x04 an archive, or the film of a moving photo");
    let paper = taken(Media::Jpeg, bytes).unwrap();
    assert!(!paper.bytes.windows(4).any(|window| window == b"PK\x03\x04"));
}

/// Builds a PNG that claims to be large and has almost no content.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = samples::png(1, 1, 255);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}

#[test]
fn a_decompression_bomb_is_refused_by_what_its_header_says() {
    for (width, height) in [(60_000, 60_000), (40_000, 1), (5_001, 5_000)] {
        let refused = taken(Media::Png, bomb(width, height)).unwrap_err();
        let most = Limits::default().pixels;
        assert_eq!(
            refused,
            BadPaper::TooManyPixels {
                width,
                height,
                most
            }
        );
    }
    let mut jpeg = samples::jpeg(16, 16, 1);
    let sof = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[sof + 5..sof + 9].copy_from_slice(&[0xff; 4]);
    let refused = taken(Media::Jpeg, jpeg).unwrap_err();
    assert!(
        matches!(refused, BadPaper::TooManyPixels { .. }),
        "{refused}"
    );
}

#[test]
fn a_picture_that_grows_beyond_the_limit_is_encoded_more_coarsely_or_refused() {
    let bytes = samples::jpeg(200, 200, 1);
    let kept = taken(Media::Jpeg, bytes.clone()).unwrap().bytes.len() as u64;
    let limits = |bytes| Limits {
        bytes,
        ..Limits::default()
    };
    let coarse = take(Media::Jpeg, bytes.clone(), &limits(kept - 1)).unwrap();
    assert!((coarse.bytes.len() as u64) < kept);
    let refused = take(Media::Jpeg, bytes, &limits(500)).unwrap_err();
    assert!(matches!(refused, BadPaper::TooLong(_, 500)), "{refused}");
}

#[test]
fn documents_are_kept_as_they_are() {
    let text = "一、\t路灯\r\n".as_bytes().to_vec();
    for (media, bytes) in [(Media::Pdf, samples::pdf()), (Media::Text, text)] {
        let paper = taken(media, bytes.clone()).unwrap();
        assert_eq!(
            (paper.media, paper.bytes, paper.thumb),
            (media, bytes, None)
        );
    }
}

#[test]
fn a_pdf_with_something_behind_its_end_or_without_end_is_refused() {
    let mut polyglot = samples::pdf();
    polyglot.extend(b"PK\x05\x06");
    assert_eq!(taken(Media::Pdf, polyglot), Err(BadPaper::Trailing));
    for (trailer, is_locked) in [
        ("trailer\n<< /Root 1 0 R /Encrypt 9 0 R >>\n%%EOF", true),
        ("trailer\n<</Encrypt<</Filter/Standard>>>>\n%%EOF\n", true),
        ("(about /Encrypt in words)\ntrailer\n<< >>\n%%EOF\n", false),
        ("<< /EncryptMetadata false >>\n%%EOF\n", false),
    ] {
        let pdf = format!("%PDF-1.7\n{trailer}").into_bytes();
        let refused = taken(Media::Pdf, pdf) == Err(BadPaper::Locked);
        assert_eq!(refused, is_locked, "{trailer}");
    }
    let whole = samples::pdf();
    let cut = whole[..whole.len() - 3].to_vec();
    assert_eq!(taken(Media::Pdf, cut), Err(BadPaper::CutOff));
}

#[test]
fn text_with_control_characters_or_in_another_encoding_is_refused() {
    assert_eq!(
        taken(Media::Text, b"ab\0".to_vec()),
        Err(BadPaper::NotText(2))
    );
    assert_eq!(
        taken(Media::Text, b"a\x1b[2J".to_vec()),
        Err(BadPaper::NotText(1))
    );
    // 路灯 in GB 18030.
    let gb = b"\xc2\xb7\xb5\xc6".to_vec();
    assert!(matches!(taken(Media::Text, gb), Err(BadPaper::NotText(_))));
}
