// A SyncML message as a plain object: RepPro, MetInf and DevInf, 1.0 to 1.2, in the DTD's words.
//
// What is absent, false or empty is left out. Bytes are text where they are UTF-8, and a `Uint8Array` otherwise.

/** One `SyncML` document. */
export interface Message {
  /** `SyncHdr`. */
  header: Header;
  /** The commands of `SyncBody`, in order. */
  commands?: Command[];
  /** Whether `Final` was there: the package is complete. */
  last?: boolean;
}

/** `SyncHdr`. */
export interface Header {
  /** `VerDTD` as sent. */
  dtd: string;
  /** `VerProto` as sent. */
  protocol: string;
  /** `SessionID`. */
  sessionId: string;
  /** `MsgID`. */
  messageId: number;
  /** `Target`. */
  target: Location;
  /** `Source`. */
  source: Location;
  /** `RespURI`. */
  respondTo?: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Cred`. */
  credential?: Cred;
  /** `Meta`. */
  meta?: Meta;
}

/** `Target` or `Source`. */
export interface Location {
  /** `LocURI`; may be empty. */
  uri: string;
  /** `LocName`. */
  name?: string;
  /** `Filter` (1.2, in an Alert's Target). */
  filter?: Filter;
}

/** `Filter` (1.2). */
export interface Filter {
  /** `Meta`: the content type. */
  meta?: Meta;
  /** `Field/Item`. */
  field?: Item;
  /** `Record/Item`. */
  record?: Item;
  /** `FilterType`: `EXCLUSIVE` or `INCLUSIVE`. */
  filterType?: string;
}

/** `Meta`: MetInf, with or without its `MetInf` wrapper. */
export interface Meta {
  /** `FieldLevel` (1.2). */
  fieldLevel?: boolean;
  /** `Format`. */
  format?: string;
  /** `Type`. */
  mediaType?: string;
  /** `Mark`. */
  mark?: string;
  /** `Size`, in bytes. */
  size?: number;
  /** `Anchor`. */
  anchor?: Anchor;
  /** `Version`. */
  version?: string;
  /** `NextNonce`: base64 as written, or raw bytes where WBXML carried them so. */
  nextNonce?: string | Uint8Array;
  /** `MaxMsgSize`, in bytes. */
  maxMessageBytes?: number;
  /** `MaxObjSize`, in bytes. */
  maxObjectBytes?: number;
  /** `EMI`, vendor extensions. */
  emi?: string[];
  /** `Mem`. */
  memory?: Memory;
}

/** `Anchor`. Opaque text, compared for equality only. */
export interface Anchor {
  /** `Last`. */
  last?: string;
  /** `Next`. */
  next?: string;
}

/** `Mem`. */
export interface Memory {
  /** `SharedMem`. */
  shared?: boolean;
  /** `FreeMem`, in bytes. */
  freeBytes?: number;
  /** `FreeID`. */
  freeIds?: number;
}

/** `Cred`. */
export interface Cred {
  /** `Meta`: `Type` (default `syncml:auth-basic`) and `Format`. */
  meta?: Meta;
  /** `Data` as sent. */
  data: string | Uint8Array;
}

/** `Item`. */
export interface Item {
  /** `Target`. */
  target?: Location;
  /** `Source`. */
  source?: Location;
  /** `SourceParent/LocURI` (1.2). */
  sourceParent?: string;
  /** `TargetParent/LocURI` (1.2). */
  targetParent?: string;
  /** `Meta`. */
  meta?: Meta;
  /** `Data`. */
  data?: Data;
  /** `MoreData`. */
  more?: boolean;
}

/** What `Data` holds: text, bytes, an `Anchor` in a status, or a DevInf document. */
export type Data = string | Uint8Array | { anchor: Anchor } | { device: DevInf };

/** One command; `command` is its element's name. */
export type Command =
  | ({ command: "Alert" } & AlertCommand)
  | ({ command: "Add" | "Copy" | "Delete" | "Move" | "Replace" } & ChangeCommand)
  | ({ command: "Exec" } & ExecCommand)
  | ({ command: "Get" | "Put" } & GetCommand)
  | ({ command: "Map" } & MapCommand)
  | ({ command: "Results" } & ResultsCommand)
  | ({ command: "Search" } & SearchCommand)
  | ({ command: "Atomic" | "Sequence" } & GroupCommand)
  | ({ command: "Status" } & StatusCommand)
  | ({ command: "Sync" } & SyncCommand);

/** `Alert`. */
export interface AlertCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Cred`. */
  credential?: Cred;
  /** `Data`: the alert code as text. */
  code: string;
  /** `Correlator` (1.2). */
  correlator?: string;
  /** `Item`s. */
  items?: Item[];
}

/** `Add`, `Replace`, `Delete`, `Copy` or `Move`. */
export interface ChangeCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Archive` (Delete only). */
  archive?: boolean;
  /** `SftDel` (Delete only). */
  softDelete?: boolean;
  /** `Cred`. */
  credential?: Cred;
  /** `Meta`, holding for every item that says nothing else. */
  meta?: Meta;
  /** `Item`s. */
  items?: Item[];
}

/** `Exec`. */
export interface ExecCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Cred`. */
  credential?: Cred;
  /** `Meta`. */
  meta?: Meta;
  /** `Correlator` (1.2). */
  correlator?: string;
  /** `Item`s; the DTD has one. */
  items?: Item[];
}

/** `Get` or `Put`. */
export interface GetCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Lang`. */
  language?: string;
  /** `Cred`. */
  credential?: Cred;
  /** `Meta`. */
  meta?: Meta;
  /** `Item`s. */
  items?: Item[];
}

/** `Map`. */
export interface MapCommand {
  /** `CmdID`. */
  id: string;
  /** `Target`: the recipient's datastore. */
  target: Location;
  /** `Source`: the originator's datastore. */
  source: Location;
  /** `Cred`. */
  credential?: Cred;
  /** `Meta`. */
  meta?: Meta;
  /** `MapItem`s. */
  items?: MapItem[];
}

/** `MapItem`. */
export interface MapItem {
  /** `Target`: the (temporary) GUID. */
  target: Location;
  /** `Source`: the LUID. */
  source: Location;
}

/** `Results`. */
export interface ResultsCommand {
  /** `CmdID`. */
  id: string;
  /** `MsgRef`; absent means 1. */
  messageRef?: number;
  /** `CmdRef`. */
  commandRef: string;
  /** `Meta`. */
  meta?: Meta;
  /** `TargetRef`. */
  targetRef?: string;
  /** `SourceRef`. */
  sourceRef?: string;
  /** `Item`s. */
  items?: Item[];
}

/** `Search`. */
export interface SearchCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `NoResults`. */
  noResults?: boolean;
  /** `Cred`. */
  credential?: Cred;
  /** `Target`. */
  target?: Location;
  /** `Source`s. */
  sources?: Location[];
  /** `Lang`. */
  language?: string;
  /** `Meta`: the grammar's type. */
  meta?: Meta;
  /** `Data`: the query. */
  data?: Data;
}

/** `Atomic` or `Sequence`. */
export interface GroupCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Meta`. */
  meta?: Meta;
  /** The commands in it. */
  commands?: Command[];
}

/** `Status`. */
export interface StatusCommand {
  /** `CmdID`. */
  id: string;
  /** `MsgRef`. */
  messageRef: number;
  /** `CmdRef`: `0` for the SyncHdr. */
  commandRef: string;
  /** `Cmd`: the name of the command it is about. */
  of: string;
  /** `TargetRef`s. */
  targetRefs?: string[];
  /** `SourceRef`s. */
  sourceRefs?: string[];
  /** `Cred`. */
  credential?: Cred;
  /** `Chal/Meta`. */
  challenge?: Meta;
  /** `Data`: the status code. */
  code: number;
  /** `Item`s. */
  items?: Item[];
}

/** `Sync`. */
export interface SyncCommand {
  /** `CmdID`. */
  id: string;
  /** `NoResp`. */
  noResponse?: boolean;
  /** `Cred`. */
  credential?: Cred;
  /** `Target`: the recipient's datastore. */
  target?: Location;
  /** `Source`: the originator's datastore. */
  source?: Location;
  /** `Meta`. */
  meta?: Meta;
  /** `NumberOfChanges` (1.1 and later). */
  changes?: number;
  /** The commands in it: changes and groups. */
  commands?: Command[];
}

/** A `DevInf` document. 1.0 and 1.1 keep `CTCap` at the top, 1.2 in each datastore; both are here as they stood. */
export interface DevInf {
  /** `VerDTD`. */
  version: string;
  /** `Man`. */
  maker?: string;
  /** `Mod`. */
  model?: string;
  /** `OEM`. */
  oem?: string;
  /** `FwV`. */
  firmware?: string;
  /** `SwV`. */
  software?: string;
  /** `HwV`. */
  hardware?: string;
  /** `DevID`. */
  deviceId: string;
  /** `DevTyp`. */
  deviceType: string;
  /** `UTC` (1.1 and later). */
  utc?: boolean;
  /** `SupportLargeObjs` (1.1 and later). */
  largeObjects?: boolean;
  /** `SupportNumberOfChanges` (1.1 and later). */
  numberOfChanges?: boolean;
  /** `DataStore`s. */
  datastores?: DataStore[];
  /** `CTCap` at the top (1.0, 1.1). */
  capabilities?: Capability[];
  /** `Ext`. */
  extensions?: Extension[];
}

/** `DataStore`. */
export interface DataStore {
  /** `SourceRef`. */
  sourceRef: string;
  /** `DisplayName`. */
  displayName?: string;
  /** `MaxGUIDSize`, in bytes. */
  maxGuidBytes?: number;
  /** `Rx-Pref`. */
  receivesPreferred?: ContentType;
  /** `Rx`. */
  receives?: ContentType[];
  /** `Tx-Pref`. */
  sendsPreferred?: ContentType;
  /** `Tx`. */
  sends?: ContentType[];
  /** `CTCap` (1.2). */
  capabilities?: Capability[];
  /** `DSMem`. */
  memory?: StoreMemory;
  /** `SupportHierarchicalSync` (1.2). */
  hierarchical?: boolean;
  /** `SyncCap/SyncType`s, as text: devices send numbers that are none of 1 to 7. */
  syncTypes?: string[];
  /** `Filter-Rx` (1.2). */
  filters?: ContentType[];
  /** `FilterCap` (1.2). */
  filterCapabilities?: FilterCapability[];
}

/** `CTType` and `VerCT`. */
export interface ContentType {
  /** `CTType`. */
  mediaType: string;
  /** `VerCT`. */
  version: string;
}

/** `CTCap`. */
export interface Capability {
  /** `CTType`. */
  mediaType: string;
  /** `VerCT` (1.2). */
  version?: string;
  /** `FieldLevel` (1.2). */
  fieldLevel?: boolean;
  /** `Property` (1.2), or what stood flat around a `PropName` (1.0, 1.1). */
  properties?: PropertyCapability[];
}

/** `Property` of a `CTCap`. */
export interface PropertyCapability {
  /** `PropName`. */
  name: string;
  /** `DataType`. */
  dataType?: string;
  /** `MaxOccur` (1.2). */
  occurrencesMax?: number;
  /** `MaxSize` (1.2) or `Size` (1.0, 1.1). */
  sizeMax?: number;
  /** `NoTruncate` (1.2). */
  noTruncate?: boolean;
  /** `ValEnum`s. */
  values?: string[];
  /** `DisplayName`. */
  displayName?: string;
  /** `PropParam` (1.2), or what stood flat around a `ParamName` (1.0, 1.1). */
  parameters?: ParameterCapability[];
}

/** `PropParam`. */
export interface ParameterCapability {
  /** `ParamName`. */
  name: string;
  /** `DataType`. */
  dataType?: string;
  /** `Size` (1.0, 1.1). */
  sizeMax?: number;
  /** `ValEnum`s. */
  values?: string[];
  /** `DisplayName`. */
  displayName?: string;
}

/** `DSMem`. */
export interface StoreMemory {
  /** `SharedMem`. */
  shared?: boolean;
  /** `MaxMem`, in bytes. */
  bytesMax?: number;
  /** `MaxID`. */
  idsMax?: number;
}

/** `FilterCap` (1.2). */
export interface FilterCapability {
  /** `CTType`. */
  mediaType: string;
  /** `VerCT`. */
  version: string;
  /** `FilterKeyword`s. */
  keywords?: string[];
  /** `PropName`s. */
  properties?: string[];
}

/** `Ext`. */
export interface Extension {
  /** `XNam`. */
  name: string;
  /** `XVal`s. */
  values?: string[];
}

/** What package 0 says, in either version. */
export interface Notification {
  /** Which session the device is to open; 0 leaves it to the device. */
  sessionId: number;
  /** Who asks: in 1.2 the server's `DevID`, in 1.1 its URI. At most 255 bytes. */
  serverId: string;
  /** What the device is to show its user (1.2). */
  ui: UiMode;
  /** Whether the server had the idea, and not its user (1.2). */
  byServer: boolean;
  /** What is to be synchronised, at most `SYNCS_MAX`; nothing means everything, two-way. */
  syncs: Wanted[];
  /** What a vendor appended (1.2). */
  vendor: string | Uint8Array;
}

/** What a device is to show. */
export type UiMode = "unspecified" | "background" | "informative" | "interactive";

/** One sync that is wanted. */
export interface Wanted {
  /** The alert code: 206 to 210. */
  code: number;
  /** The media type; empty where unspecified. 1.2 has a number for some only, and leaves out the others. */
  mediaType: string;
  /** Our path. At most 255 bytes. */
  server: string;
  /** The device's path (1.1); empty where it is not known. */
  client: string;
}
