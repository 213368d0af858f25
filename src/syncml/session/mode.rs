//! What a sync is: who sends, and whether what changed or everything (DS 1.2 section 6.5; `syncml.md` 4.3).

use crate::syncml::alert;
use serde::{Deserialize, Serialize};

/// The sync types (DS 1.2 section 6.5): who sends what, and what of it is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// 200: both send what changed.
    #[default]
    TwoWay,
    /// 201: both send what they have, and it is compared.
    Slow,
    /// 202: the client sends what changed.
    FromClient,
    /// 203: the client sends what it has, and it takes the place of what is here.
    RefreshFromClient,
    /// 204: the server sends what changed.
    FromServer,
    /// 205: the server sends what it has, and it takes the place of what the client has.
    RefreshFromServer,
}

impl Mode {
    /// What an alert asks for. 206 to 210 are what the server's own alert asked the client to start: 200 and 202 to 205.
    pub fn of_alert(code: u16) -> Option<Self> {
        Some(match code {
            alert::TWO_WAY | alert::TWO_WAY_BY_SERVER => Self::TwoWay,
            alert::SLOW => Self::Slow,
            alert::ONE_WAY_FROM_CLIENT | alert::ONE_WAY_FROM_CLIENT_BY_SERVER => Self::FromClient,
            alert::REFRESH_FROM_CLIENT | alert::REFRESH_FROM_CLIENT_BY_SERVER => Self::RefreshFromClient,
            alert::ONE_WAY_FROM_SERVER | alert::ONE_WAY_FROM_SERVER_BY_SERVER => Self::FromServer,
            alert::REFRESH_FROM_SERVER | alert::REFRESH_FROM_SERVER_BY_SERVER => Self::RefreshFromServer,
            _ => return None,
        })
    }

    /// The alert code.
    pub fn code(self) -> u16 {
        match self {
            Self::TwoWay => alert::TWO_WAY,
            Self::Slow => alert::SLOW,
            Self::FromClient => alert::ONE_WAY_FROM_CLIENT,
            Self::RefreshFromClient => alert::REFRESH_FROM_CLIENT,
            Self::FromServer => alert::ONE_WAY_FROM_SERVER,
            Self::RefreshFromServer => alert::REFRESH_FROM_SERVER,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::TwoWay => "two-way",
            Self::Slow => "slow",
            Self::FromClient => "one-way from the client",
            Self::RefreshFromClient => "refresh from the client",
            Self::FromServer => "one-way from the server",
            Self::RefreshFromServer => "refresh from the server",
        }
    }

    /// Whether the client's changes are taken.
    pub fn receives(self) -> bool {
        !matches!(self, Self::FromServer | Self::RefreshFromServer)
    }

    /// Whether ours are sent.
    pub fn sends(self) -> bool {
        !matches!(self, Self::FromClient | Self::RefreshFromClient)
    }

    /// Whether we send all there is, and not what changed.
    pub fn sends_all(self) -> bool {
        matches!(self, Self::Slow | Self::RefreshFromServer)
    }

    /// Whether what the client sends is compared with what is here, because it sends all it has.
    pub fn compares(self) -> bool {
        matches!(self, Self::Slow | Self::RefreshFromClient)
    }

    /// Whether it begins anew: anchors need not match, and what was known of the device's items is known anew.
    pub fn begins_anew(self) -> bool {
        self.sends_all() || self.compares()
    }
}
