//! What a device can do: DevInf 1.0 to 1.2 as values.

use serde::{Deserialize, Serialize};

/// Our own `DevID`: what a device calls us in notifications, and the name we sign as.
pub const SERVER_ID: &str = "anchorage";

/// A `DevInf` document. 1.0 and 1.1 keep `CTCap` at the top, 1.2 in each datastore; both are here as they stood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DevInf {
    /// `VerDTD`.
    pub version: String,
    /// `Man`.
    pub maker: Option<String>,
    /// `Mod`.
    pub model: Option<String>,
    /// `OEM`.
    pub oem: Option<String>,
    /// `FwV`.
    pub firmware: Option<String>,
    /// `SwV`.
    pub software: Option<String>,
    /// `HwV`.
    pub hardware: Option<String>,
    /// `DevID`.
    pub device_id: String,
    /// `DevTyp`.
    pub device_type: String,
    /// `UTC` (1.1 and later).
    pub utc: bool,
    /// `SupportLargeObjs` (1.1 and later).
    pub large_objects: bool,
    /// `SupportNumberOfChanges` (1.1 and later).
    pub number_of_changes: bool,
    /// `DataStore`s.
    pub datastores: Vec<DataStore>,
    /// `CTCap` at the top (1.0, 1.1).
    pub capabilities: Vec<Capability>,
    /// `Ext`.
    pub extensions: Vec<Extension>,
}

/// `DataStore`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataStore {
    /// `SourceRef`.
    pub source_ref: String,
    /// `DisplayName`.
    pub display_name: Option<String>,
    /// `MaxGUIDSize`, in bytes.
    pub max_guid_bytes: Option<u64>,
    /// `Rx-Pref`.
    pub receives_preferred: Option<ContentType>,
    /// `Rx`.
    pub receives: Vec<ContentType>,
    /// `Tx-Pref`.
    pub sends_preferred: Option<ContentType>,
    /// `Tx`.
    pub sends: Vec<ContentType>,
    /// `CTCap` (1.2).
    pub capabilities: Vec<Capability>,
    /// `DSMem`.
    pub memory: Option<StoreMemory>,
    /// `SupportHierarchicalSync` (1.2).
    pub hierarchical: bool,
    /// `SyncCap/SyncType`s, as text: devices send numbers that are none of 1 to 7.
    pub sync_types: Vec<String>,
    /// `Filter-Rx` (1.2).
    pub filters: Vec<ContentType>,
    /// `FilterCap` (1.2).
    pub filter_capabilities: Vec<FilterCapability>,
}

/// `CTType` and `VerCT`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContentType {
    /// `CTType`.
    pub media_type: String,
    /// `VerCT`.
    pub version: String,
}

/// `CTCap`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capability {
    /// `CTType`.
    pub media_type: String,
    /// `VerCT` (1.2).
    pub version: Option<String>,
    /// `FieldLevel` (1.2).
    pub field_level: bool,
    /// `Property` (1.2), or what stood flat around a `PropName` (1.0, 1.1).
    pub properties: Vec<PropertyCapability>,
}

/// `Property` of a `CTCap`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PropertyCapability {
    /// `PropName`.
    pub name: String,
    /// `DataType`.
    pub data_type: Option<String>,
    /// `MaxOccur` (1.2).
    pub occurrences_max: Option<u64>,
    /// `MaxSize` (1.2) or `Size` (1.0, 1.1).
    pub size_max: Option<u64>,
    /// `NoTruncate` (1.2).
    pub no_truncate: bool,
    /// `ValEnum`s.
    pub values: Vec<String>,
    /// `DisplayName`.
    pub display_name: Option<String>,
    /// `PropParam` (1.2), or what stood flat around a `ParamName` (1.0, 1.1).
    pub parameters: Vec<ParameterCapability>,
}

/// `PropParam`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParameterCapability {
    /// `ParamName`.
    pub name: String,
    /// `DataType`.
    pub data_type: Option<String>,
    /// `Size` (1.0, 1.1).
    pub size_max: Option<u64>,
    /// `ValEnum`s.
    pub values: Vec<String>,
    /// `DisplayName`.
    pub display_name: Option<String>,
}

/// `DSMem`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreMemory {
    /// `SharedMem`.
    pub shared: bool,
    /// `MaxMem`, in bytes.
    pub bytes_max: Option<u64>,
    /// `MaxID`.
    pub ids_max: Option<u64>,
}

/// `FilterCap` (1.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FilterCapability {
    /// `CTType`.
    pub media_type: String,
    /// `VerCT`.
    pub version: String,
    /// `FilterKeyword`s.
    pub keywords: Vec<String>,
    /// `PropName`s.
    pub properties: Vec<String>,
}

/// `Ext`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extension {
    /// `XNam`.
    pub name: String,
    /// `XVal`s.
    pub values: Vec<String>,
}
