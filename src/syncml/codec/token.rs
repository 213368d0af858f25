//! The code pages: which byte is which element, and which names there are at all (RepPro 1.2 section 8, MetInf 1.2,
//! DevInf 1.2). One set of tables for every version: no token ever changed its meaning but DevInf's `Size`.

/// A code page of WBXML, which is a namespace of XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `SYNCML:SYNCML1.x`: page 0 of a SyncML document.
    SyncMl,
    /// `syncml:metinf`: page 1 of a SyncML document.
    MetInf,
    /// `syncml:devinf`: page 0 of a DevInf document.
    DevInf,
    /// MetInf as the text of December 2000 had it: page 2 of a SyncML 1.0 document. Read, never written.
    OldMetInf,
}

/// The token of the first name in each table.
const FIRST: u8 = 0x05;

#[rustfmt::skip]
const SYNCML: &[&str] = &[
    "Add", "Alert", "Archive", "Atomic", "Chal", "Cmd", "CmdID", "CmdRef", "Copy", "Cred", "Data", "Delete", "Exec",
    "Final", "Get", "Item", "Lang", "LocName", "LocURI", "Map", "MapItem", "Meta", "MsgID", "MsgRef", "NoResp",
    "NoResults", "Put", "Replace", "RespURI", "Results", "Search", "Sequence", "SessionID", "SftDel", "Source",
    "SourceRef", "Status", "Sync", "SyncBody", "SyncHdr", "SyncML", "Target", "TargetRef", "", "VerDTD", "VerProto",
    "NumberOfChanges", "MoreData", "Field", "Filter", "Record", "FilterType", "SourceParent", "TargetParent", "Move",
    "Correlator",
];

#[rustfmt::skip]
const METINF: &[&str] = &[
    "Anchor", "EMI", "Format", "FreeID", "FreeMem", "Last", "Mark", "MaxMsgSize", "Mem", "MetInf", "Next",
    "NextNonce", "SharedMem", "Size", "Type", "Version", "MaxObjSize", "FieldLevel",
];

#[rustfmt::skip]
const DEVINF: &[&str] = &[
    "CTCap", "CTType", "DataStore", "DataType", "DevID", "DevInf", "DevTyp", "DisplayName", "DSMem", "Ext", "FwV",
    "HwV", "Man", "MaxGUIDSize", "MaxID", "MaxMem", "Mod", "OEM", "ParamName", "PropName", "Rx", "Rx-Pref",
    "SharedMem", "MaxSize", "SourceRef", "SwV", "SyncCap", "SyncType", "Tx", "Tx-Pref", "ValEnum", "VerCT", "VerDTD",
    "XNam", "XVal", "UTC", "SupportNumberOfChanges", "SupportLargeObjs", "Property", "PropParam", "MaxOccur",
    "NoTruncate", "", "Filter-Rx", "FilterCap", "FilterKeyword", "FieldLevel", "SupportHierarchicalSync",
];

#[rustfmt::skip]
const OLD_METINF: &[&str] = &[
    "Anchor", "Format", "Last", "Mark", "MetInf", "Next", "NextNonce", "Size", "Type", "Version", "MaxMsgSize",
];

/// The longest name, in bytes, with room for a prefix.
pub const NAME_BYTES_MAX: usize = 64;

/// Spellings found in the field and in examples, and what they mean.
const MISSPELT: &[(&str, &str)] = &[
    ("FreeId", "FreeID"),
    ("DevId", "DevID"),
    ("Xnam", "XNam"),
    ("Xval", "XVal"),
    ("SupportLargeObjects", "SupportLargeObjs"),
];

/// The name behind a token (its low six bits), or `None` for a token that is not taken.
pub fn name(page: Page, token: u8) -> Option<&'static str> {
    let index = usize::from(token.checked_sub(FIRST)?);
    table(page).get(index).copied().filter(|name| !name.is_empty())
}

/// The token of a name, or `None` for a name that is not on the page. `Size` and `MaxSize` of DevInf share one.
pub fn token(page: Page, name: &str) -> Option<u8> {
    let name = if page == Page::DevInf && name == "Size" { "MaxSize" } else { name };
    let index = table(page).iter().position(|known| *known == name && !name.is_empty())?;
    u8::try_from(index).ok()?.checked_add(FIRST)
}

/// The name as this program spells it, without its prefix; empty for one that is on no page.
pub fn known(qualified: &str) -> &'static str {
    let local = qualified.rsplit_once(':').map_or(qualified, |(_, local)| local);
    let local = MISSPELT.iter().find(|(wrong, _)| *wrong == local).map_or(local, |(_, right)| right);
    let all = SYNCML.iter().chain(METINF).chain(DEVINF);
    all.copied().find(|name| *name == local).unwrap_or_default()
}

fn table(page: Page) -> &'static [&'static str] {
    match page {
        Page::SyncMl => SYNCML,
        Page::MetInf => METINF,
        Page::DevInf => DEVINF,
        Page::OldMetInf => OLD_METINF,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [Page; 3] = [Page::SyncMl, Page::MetInf, Page::DevInf];

    #[test]
    fn every_name_has_one_token_and_every_token_one_name() {
        for (page, count) in PAGES.into_iter().zip([55, 18, 47]) {
            let all: Vec<_> = (FIRST..=0x3F).filter_map(|token| Some((token, name(page, token)?))).collect();
            assert_eq!(all.len(), count, "{page:?}");
            for (token, name) in all {
                assert_eq!(super::token(page, name), Some(token), "{page:?} {name}");
                assert_eq!(known(name), name);
                assert_eq!(known(&format!("p:{name}")), name);
            }
        }
    }

    /// Spot checks against the printed tables, where a slip in the order would show.
    #[test]
    fn the_tables_stand_where_the_specification_has_them() {
        for (page, expected, name) in [
            (Page::SyncMl, 0x0F, "Data"),
            (Page::SyncMl, 0x1A, "Meta"),
            (Page::SyncMl, 0x2D, "SyncML"),
            (Page::SyncMl, 0x2F, "TargetRef"),
            (Page::SyncMl, 0x31, "VerDTD"),
            (Page::SyncMl, 0x34, "MoreData"),
            (Page::SyncMl, 0x3C, "Correlator"),
            (Page::MetInf, 0x0F, "Next"),
            (Page::MetInf, 0x16, "FieldLevel"),
            (Page::DevInf, 0x0A, "DevInf"),
            (Page::DevInf, 0x1C, "Size"),
            (Page::DevInf, 0x1C, "MaxSize"),
            (Page::DevInf, 0x28, "UTC"),
            (Page::DevInf, 0x2E, "NoTruncate"),
            (Page::DevInf, 0x30, "Filter-Rx"),
            (Page::DevInf, 0x34, "SupportHierarchicalSync"),
            (Page::OldMetInf, 0x0F, "MaxMsgSize"),
        ] {
            assert_eq!(token(page, name), Some(expected), "{page:?} {name}");
        }
        for (page, free) in
            [(Page::SyncMl, 0x30), (Page::SyncMl, 0x3D), (Page::MetInf, 0x17), (Page::DevInf, 0x2F)]
        {
            assert_eq!(name(page, free), None);
        }
        assert_eq!((known("FreeId"), known("Xnam"), known("Bogus"), known("")), ("FreeID", "XNam", "", ""));
    }
}
