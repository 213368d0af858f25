//! The protocol's versions, and how each names itself (`syncml.md` 1.2).

/// The protocol's versions. 1.0.1 says `1.0` on the wire.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Version {
    /// SyncML 1.0 and 1.0.1.
    V10,
    /// SyncML 1.1, 1.1.1 and 1.1.2.
    V11,
    /// OMA DS 1.2, 1.2.1 and 1.2.2.
    #[default]
    V12,
}

impl Version {
    /// `VerDTD`: `1.2`.
    pub fn dtd(self) -> &'static str {
        match self {
            Self::V10 => "1.0",
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    /// `VerProto`: `SyncML/1.2`.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::V10 => "SyncML/1.0",
            Self::V11 => "SyncML/1.1",
            Self::V12 => "SyncML/1.2",
        }
    }

    /// The version of a `VerProto` (`SyncML/1.1`, any case), or of a `VerDTD` (`1.1`).
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = match text.split_once('/') {
            Some((name, number)) if name.eq_ignore_ascii_case("SyncML") => number,
            Some(_) => return None,
            None => text,
        };
        match number {
            "1.0" | "1.0.1" => Some(Self::V10),
            "1.1" | "1.1.1" | "1.1.2" => Some(Self::V11),
            "1.2" | "1.2.1" | "1.2.2" => Some(Self::V12),
            _ => None,
        }
    }

    /// The object name of DevInf: `./devinf12`.
    pub fn devinf(self) -> &'static str {
        match self {
            Self::V10 => "./devinf10",
            Self::V11 => "./devinf11",
            Self::V12 => "./devinf12",
        }
    }
}
