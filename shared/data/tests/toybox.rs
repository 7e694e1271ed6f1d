//! What Toybox promises of every image.

use std::collections::{BTreeMap, BTreeSet};

use ssl_data::toybox::{CLASSES, Change, HELD_OUT, Kind, PartPlan, Role};
use ssl_data::{Toybox, toybox::Toy};

fn toys(count: usize) -> Vec<Toy> {
    let world = Toybox::default();
    (0..count).map(|i| world.render(i, 0.0)).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine() {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = toys(20).iter().flat_map(|toy| toy.pixels.clone()).fold(0xcbf2_9ce4_8422_2325, |h, b| fnv(h, &b));
    // A number fixed when the world was made: should it ever change, published results no longer hold.
    assert_eq!(hash, HASH);
}

const HASH: u64 = 14_208_000_129_139_410_765;

#[test]
fn seeds_and_numbers_give_different_images() {
    let one = Toybox::default();
    let other = Toybox { seed: 1, ..Toybox::default() };
    assert_ne!(one.render(3, 0.0).pixels, one.render(13, 0.0).pixels);
    assert_ne!(one.render(3, 0.0).pixels, other.render(3, 0.0).pixels);
}

#[test]
fn time_moves_the_toy_and_nothing_else() {
    let world = Toybox { toys: false, ..Toybox::default() };
    assert_eq!(world.render(5, 0.0).pixels, world.render(5, 0.7).pixels);
    let world = Toybox::default();
    assert_ne!(world.render(5, 0.0).mask, world.render(5, 0.7).mask);
}

/// Mean absolute difference of two images, in steps of a byte.
fn apart(a: &Toy, b: &Toy) -> f64 {
    let difference = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b));
    a.pixels.iter().zip(&b.pixels).map(difference).sum::<f64>() / a.pixels.len() as f64
}

#[test]
fn one_thing_changes_and_the_rest_stays() {
    let world = Toybox::default();
    for index in 0..10 {
        let plain = world.render(index, 0.0);
        let changed = |what| world.render_changed(index, what, 40);
        let [position, light, texture] = [Change::Position, Change::Light, Change::Texture].map(changed);
        assert_eq!((plain.label, &plain.mask), (light.label, &light.mask));
        assert_eq!(plain.mask, texture.mask);
        assert_ne!(plain.mask, position.mask);
        let other = world.render(index + 400, 0.0);
        for changed in [&position, &light, &texture] {
            assert_eq!(changed.label, plain.label);
            let (near, far) = (apart(&plain, changed), apart(&plain, &other));
            assert!(0.5 < near && near < far, "image {index}: {near} from itself, {far} from another");
        }
    }
}

#[test]
fn held_out_classes_are_other_toys_in_the_same_world() -> anyhow::Result<()> {
    let world = Toybox { held_out: true, train: 30, test: 9, ..Toybox::default() };
    let data = world.dataset()?;
    assert_eq!((data.classes.len(), data.name.as_str()), (3, "toybox:classes=held-out"));
    assert_eq!(data.train.labels().map(|labels| labels.iter().max()), Some(Some(&2)));
    Ok(())
}

#[test]
fn box_and_mask_agree() {
    for (i, toy) in toys(300).iter().enumerate() {
        let [top, left, bottom, right] = toy.bounds;
        assert!(top < bottom && left < right && bottom <= 32 && right <= 32, "{i}: {:?}", toy.bounds);
        for (at, &part) in toy.mask.iter().enumerate() {
            let inside = (top..bottom).contains(&(at / 32)) && (left..right).contains(&(at % 32));
            assert!(part == 0 || inside, "{i}: part {part} at {at} outside of {:?}", toy.bounds);
        }
    }
}

#[test]
fn masks_hold_the_kinds_of_the_class() {
    for toy in toys(100) {
        let found: BTreeSet<u8> = toy.mask.iter().copied().filter(|&part| part != 0).collect();
        let planned: BTreeSet<u8> = CLASSES[toy.label as usize].parts.iter().map(|part| 1 + part.kind as u8).collect();
        assert!(found.is_subset(&planned), "{found:?} in class {planned:?}");
    }
}

#[test]
fn nearly_every_toy_touches_six_of_nine_tiles() {
    let tiles = |toy: &Toy| {
        let covered = toy.mask.iter().enumerate().filter(|(_, part)| **part != 0);
        covered.map(|(i, _)| (i / 32 * 3 / 32, i % 32 * 3 / 32)).collect::<BTreeSet<_>>().len()
    };
    let touching = toys(500).iter().filter(|toy| tiles(toy) >= 6).count();
    assert!(touching >= 485, "{touching} of 500");
}

#[test]
fn every_kind_of_part_is_in_three_classes_or_more() {
    let mut classes: BTreeMap<Kind, BTreeSet<&str>> = BTreeMap::new();
    for class in &CLASSES {
        for part in &class.parts {
            classes.entry(part.kind).or_default().insert(class.name);
        }
    }
    for (kind, classes) in classes {
        assert!(classes.len() >= 3, "{kind:?} is in {classes:?} only");
    }
}

/// Which kinds play which role: what no turn and no mirror changes.
fn mix(parts: &[PartPlan]) -> BTreeSet<(Role, Kind)> {
    parts.iter().map(|part| (part.role, part.kind)).collect()
}

#[test]
fn no_class_is_a_mirror_image_or_a_rotation_of_another() {
    let mixes: BTreeSet<_> = CLASSES.iter().chain(&HELD_OUT).map(|class| mix(&class.parts)).collect();
    assert_eq!(mixes.len(), CLASSES.len() + HELD_OUT.len());
}

#[test]
fn no_class_is_symmetric_under_rotation() {
    for class in CLASSES.iter().chain(&HELD_OUT) {
        for turns in 1..4 {
            let moved = |i: usize| 1 + (i - 1 + turns) % 4;
            let same = (1..5).all(|i| class.parts[i].kind == class.parts[moved(i)].kind);
            assert!(!same, "{} turned by {turns} quarters", class.name);
        }
    }
}
