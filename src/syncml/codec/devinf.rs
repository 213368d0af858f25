//! DevInf 1.0 to 1.2, in and out. Up to 1.1 a `CTCap` is flat, a list in which every `PropName` begins a property; from 1.2 on it
//! is nested. Both are read anywhere, and written as the document's version has them.

use super::element::Element;
use super::token::Page;
use super::wbxml::{self, Document};
use super::write::Pen;
use super::xml;
use crate::syncml::device::*;
use crate::syncml::message::Version;

/// The DevInf in the bytes of a `Data`, in either encoding; `None` where they are something else.
pub fn embedded(bytes: &[u8]) -> Option<DevInf> {
    let root = match super::sniff(bytes)? {
        super::Encoding::Xml => xml::read(bytes),
        super::Encoding::Wbxml => wbxml::read(bytes, Document::DevInf),
    };
    root.ok().filter(|root| root.name == "DevInf").map(|root| read(&root))
}

/// The DevInf of a `DevInf` element.
pub fn read(element: &Element) -> DevInf {
    DevInf {
        version: element.word_of("VerDTD").unwrap_or_default(),
        maker: element.string_of("Man"),
        model: element.string_of("Mod"),
        oem: element.string_of("OEM"),
        firmware: element.string_of("FwV"),
        software: element.string_of("SwV"),
        hardware: element.string_of("HwV"),
        device_id: element.string_of("DevID").unwrap_or_default(),
        device_type: element.word_of("DevTyp").unwrap_or_default(),
        utc: element.has("UTC"),
        large_objects: element.has("SupportLargeObjs"),
        number_of_changes: element.has("SupportNumberOfChanges"),
        datastores: element.all("DataStore").map(datastore).collect(),
        capabilities: element.all("CTCap").flat_map(capabilities).collect(),
        extensions: element.all("Ext").map(extension).collect(),
    }
}

fn datastore(element: &Element) -> DataStore {
    DataStore {
        source_ref: element.string_of("SourceRef").unwrap_or_default(),
        display_name: element.string_of("DisplayName"),
        max_guid_bytes: element.number_of("MaxGUIDSize"),
        receives_preferred: element.child("Rx-Pref").map(content_type),
        receives: element.all("Rx").map(content_type).collect(),
        sends_preferred: element.child("Tx-Pref").map(content_type),
        sends: element.all("Tx").map(content_type).collect(),
        capabilities: element.all("CTCap").flat_map(capabilities).collect(),
        memory: element.child("DSMem").map(memory),
        hierarchical: element.has("SupportHierarchicalSync"),
        sync_types: element.all("SyncCap").flat_map(|cap| words(cap, "SyncType")).collect(),
        filters: element.all("Filter-Rx").map(content_type).collect(),
        filter_capabilities: element.all("FilterCap").map(filter_capability).collect(),
    }
}

fn content_type(element: &Element) -> ContentType {
    ContentType {
        media_type: element.word_of("CTType").unwrap_or_default(),
        version: element.word_of("VerCT").unwrap_or_default(),
    }
}

fn memory(element: &Element) -> StoreMemory {
    StoreMemory {
        shared: element.has("SharedMem"),
        bytes_max: element.number_of("MaxMem"),
        ids_max: element.number_of("MaxID"),
    }
}

fn filter_capability(element: &Element) -> FilterCapability {
    FilterCapability {
        media_type: element.word_of("CTType").unwrap_or_default(),
        version: element.word_of("VerCT").unwrap_or_default(),
        keywords: words(element, "FilterKeyword"),
        properties: words(element, "PropName"),
    }
}

fn extension(element: &Element) -> Extension {
    Extension {
        name: element.string_of("XNam").unwrap_or_default(),
        values: element.all("XVal").map(Element::string).collect(),
    }
}

fn words(element: &Element, name: &str) -> Vec<String> {
    element.all(name).map(Element::word).collect()
}

/// The capabilities of one `CTCap`: one for every `CTType` in it.
fn capabilities(element: &Element) -> Vec<Capability> {
    let mut all: Vec<Capability> = Vec::new();
    for child in &element.children {
        if child.name == "CTType" || all.is_empty() {
            all.push(Capability::default());
        }
        let Some(capability) = all.last_mut() else { continue };
        match child.name {
            "CTType" => capability.media_type = child.word(),
            "VerCT" => capability.version = Some(child.word()),
            "FieldLevel" => capability.field_level = true,
            "Property" => capability.properties.push(property(child)),
            "PropName" => {
                capability.properties.push(PropertyCapability { name: child.word(), ..Default::default() });
            }
            _ => {
                if let Some(property) = capability.properties.last_mut() {
                    describe_flat(property, child);
                }
            }
        }
    }
    all
}

/// One element after a `PropName`, which is about the property until a `ParamName` comes.
fn describe_flat(property: &mut PropertyCapability, element: &Element) {
    if element.name == "ParamName" {
        property.parameters.push(ParameterCapability { name: element.word(), ..Default::default() });
    } else if let Some(parameter) = property.parameters.last_mut() {
        describe_parameter(parameter, element);
    } else {
        describe_property(property, element);
    }
}

fn property(element: &Element) -> PropertyCapability {
    let mut property = PropertyCapability::default();
    for child in &element.children {
        match child.name {
            "PropParam" => property.parameters.push(parameter(child)),
            "ParamName" => describe_flat(&mut property, child),
            _ => describe_property(&mut property, child),
        }
    }
    property
}

fn describe_property(property: &mut PropertyCapability, element: &Element) {
    match element.name {
        "PropName" => property.name = element.word(),
        "DataType" => property.data_type = Some(element.word()),
        "MaxOccur" => property.occurrences_max = element.number(),
        "Size" | "MaxSize" => property.size_max = element.number(),
        "NoTruncate" => property.no_truncate = true,
        "ValEnum" => property.values.push(element.word()),
        "DisplayName" => property.display_name = Some(element.string()),
        _ => {}
    }
}

fn parameter(element: &Element) -> ParameterCapability {
    let mut parameter = ParameterCapability::default();
    element.children.iter().for_each(|child| describe_parameter(&mut parameter, child));
    parameter
}

fn describe_parameter(parameter: &mut ParameterCapability, element: &Element) {
    match element.name {
        "ParamName" => parameter.name = element.word(),
        "DataType" => parameter.data_type = Some(element.word()),
        "Size" | "MaxSize" => parameter.size_max = element.number(),
        "ValEnum" => parameter.values.push(element.word()),
        "DisplayName" => parameter.display_name = Some(element.string()),
        _ => {}
    }
}

/// Writes a `DevInf` element in DTD order.
pub fn write(pen: &mut dyn Pen, device: &DevInf) {
    let nested = !matches!(Version::of(&device.version), Some(Version::V10 | Version::V11));
    pen.open(Page::DevInf, "DevInf");
    leaf(pen, "VerDTD", &device.version);
    leaf_if(pen, "Man", device.maker.as_deref());
    leaf_if(pen, "Mod", device.model.as_deref());
    leaf_if(pen, "OEM", device.oem.as_deref());
    leaf_if(pen, "FwV", device.firmware.as_deref());
    leaf_if(pen, "SwV", device.software.as_deref());
    leaf_if(pen, "HwV", device.hardware.as_deref());
    leaf(pen, "DevID", &device.device_id);
    leaf(pen, "DevTyp", &device.device_type);
    flag(pen, "UTC", device.utc);
    flag(pen, "SupportLargeObjs", device.large_objects);
    flag(pen, "SupportNumberOfChanges", device.number_of_changes);
    for datastore in &device.datastores {
        write_datastore(pen, datastore, nested);
    }
    write_capabilities(pen, &device.capabilities, nested);
    for extension in &device.extensions {
        pen.open(Page::DevInf, "Ext");
        leaf(pen, "XNam", &extension.name);
        leaves(pen, "XVal", &extension.values);
        pen.close();
    }
    pen.close();
}

fn write_datastore(pen: &mut dyn Pen, datastore: &DataStore, nested: bool) {
    pen.open(Page::DevInf, "DataStore");
    leaf(pen, "SourceRef", &datastore.source_ref);
    leaf_if(pen, "DisplayName", datastore.display_name.as_deref());
    number(pen, "MaxGUIDSize", datastore.max_guid_bytes);
    content_types(pen, "Rx-Pref", datastore.receives_preferred.as_slice());
    content_types(pen, "Rx", &datastore.receives);
    content_types(pen, "Tx-Pref", datastore.sends_preferred.as_slice());
    content_types(pen, "Tx", &datastore.sends);
    write_capabilities(pen, &datastore.capabilities, nested);
    if let Some(memory) = &datastore.memory {
        pen.open(Page::DevInf, "DSMem");
        flag(pen, "SharedMem", memory.shared);
        number(pen, "MaxMem", memory.bytes_max);
        number(pen, "MaxID", memory.ids_max);
        pen.close();
    }
    flag(pen, "SupportHierarchicalSync", datastore.hierarchical);
    if !datastore.sync_types.is_empty() {
        pen.open(Page::DevInf, "SyncCap");
        leaves(pen, "SyncType", &datastore.sync_types);
        pen.close();
    }
    content_types(pen, "Filter-Rx", &datastore.filters);
    for filter in &datastore.filter_capabilities {
        pen.open(Page::DevInf, "FilterCap");
        leaf(pen, "CTType", &filter.media_type);
        leaf(pen, "VerCT", &filter.version);
        leaves(pen, "FilterKeyword", &filter.keywords);
        leaves(pen, "PropName", &filter.properties);
        pen.close();
    }
    pen.close();
}

fn content_types(pen: &mut dyn Pen, name: &'static str, content_types: &[ContentType]) {
    for content_type in content_types {
        pen.open(Page::DevInf, name);
        leaf(pen, "CTType", &content_type.media_type);
        leaf(pen, "VerCT", &content_type.version);
        pen.close();
    }
}

/// One `CTCap` each where they nest, one for all of them where they are flat.
fn write_capabilities(pen: &mut dyn Pen, capabilities: &[Capability], nested: bool) {
    let per_element = if nested { 1 } else { capabilities.len().max(1) };
    for group in capabilities.chunks(per_element) {
        pen.open(Page::DevInf, "CTCap");
        for capability in group {
            leaf(pen, "CTType", &capability.media_type);
            leaf_if(pen, "VerCT", capability.version.as_deref());
            flag(pen, "FieldLevel", capability.field_level);
            for property in &capability.properties {
                write_property(pen, property, nested);
            }
        }
        pen.close();
    }
}

fn write_property(pen: &mut dyn Pen, property: &PropertyCapability, nested: bool) {
    if nested {
        pen.open(Page::DevInf, "Property");
    }
    leaf(pen, "PropName", &property.name);
    if nested {
        leaf_if(pen, "DataType", property.data_type.as_deref());
        number(pen, "MaxOccur", property.occurrences_max);
        number(pen, "MaxSize", property.size_max);
        flag(pen, "NoTruncate", property.no_truncate);
        leaves(pen, "ValEnum", &property.values);
    } else {
        leaves(pen, "ValEnum", &property.values);
        leaf_if(pen, "DataType", property.data_type.as_deref());
        number(pen, "Size", property.size_max);
    }
    leaf_if(pen, "DisplayName", property.display_name.as_deref());
    for parameter in &property.parameters {
        if nested {
            pen.open(Page::DevInf, "PropParam");
        }
        leaf(pen, "ParamName", &parameter.name);
        leaf_if(pen, "DataType", parameter.data_type.as_deref());
        number(pen, if nested { "MaxSize" } else { "Size" }, parameter.size_max);
        leaves(pen, "ValEnum", &parameter.values);
        leaf_if(pen, "DisplayName", parameter.display_name.as_deref());
        if nested {
            pen.close();
        }
    }
    if nested {
        pen.close();
    }
}

fn leaf(pen: &mut dyn Pen, name: &'static str, text: &str) {
    pen.leaf(Page::DevInf, name, text.as_bytes());
}

fn leaf_if(pen: &mut dyn Pen, name: &'static str, text: Option<&str>) {
    if let Some(text) = text {
        leaf(pen, name, text);
    }
}

fn leaves(pen: &mut dyn Pen, name: &'static str, texts: &[String]) {
    texts.iter().for_each(|text| leaf(pen, name, text));
}

fn number(pen: &mut dyn Pen, name: &'static str, number: Option<u64>) {
    leaf_if(pen, name, number.map(|number| number.to_string()).as_deref());
}

fn flag(pen: &mut dyn Pen, name: &'static str, set: bool) {
    if set {
        pen.empty(Page::DevInf, name);
    }
}
