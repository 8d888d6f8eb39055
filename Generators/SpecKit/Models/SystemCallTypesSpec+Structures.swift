extension SystemCallTypesSpec {
  /// Fields lie in their structure, do not overlap, and say what their kind asks for.
  func check(_ structure: Structure, _ context: inout CheckContext) {
    if let kind = structure.kind, structure.fields != nil {
      context.report(kind, "a structure with fields is shown by them", "remove it")
    }
    let fields = structure.fields ?? []
    context.reportDuplicates(of: "field", in: fields.map(\.name))
    var taken: [(name: String, bytes: Range<Int>)] = []
    for field in fields {
      checkKeys(of: field, &context)
      checkReferences(of: field, in: structure, &context)
      guard let size = size(of: field) else { continue }
      let bytes = field.offset.value..<field.offset.value + size
      if let whole = structure.size, bytes.upperBound > whole {
        context.report(
          field.offset, "\(field.name.value) ends at \(bytes.upperBound), behind the structure's \(whole) bytes",
          "correct the offset or the width")
      }
      if let other = taken.first(where: { $0.bytes.overlaps(bytes) }) {
        context.report(field.offset, "\(field.name.value) overlaps \(other.name)", "correct the offset or the width")
      }
      taken.append((field.name.value, bytes))
    }
  }

  /// How many bytes `field` has; nil when what it names does not exist.
  func size(of field: StructureField) -> Int? {
    switch field.kind.value {
    case .address, .bytes, .signalSet: 8
    case .descriptor: 4
    case .text: field.size?.value
    case .structure: structures.first { $0.name.value == field.structure?.value }?.size
    case .enumeration, .flags, .mode, .signed, .unsigned: (field.width?.value ?? 32) / 8
    }
  }

  private func checkKeys(of field: StructureField, _ context: inout CheckContext) {
    let present: [(String, (any SourceLocated)?)] = [
      ("width", field.width), ("size", field.size), ("flags", field.flags), ("enumeration", field.enumeration),
      ("structure", field.structure), ("length", field.length),
    ]
    let kind = field.kind.value
    for (key, place) in present {
      if let place, !kind.needs.contains(key), !kind.allows.contains(key) {
        context.report(place.position, place.path, "a field of the kind \(kind.rawValue) has no \(key)", "remove it")
      }
      if place == nil, kind.needs.contains(key) {
        context.report(field.kind, "a field of the kind \(kind.rawValue) needs a \(key)", "add \"\(key)\"")
      }
    }
  }

  private func checkReferences(of field: StructureField, in structure: Structure, _ context: inout CheckContext) {
    func require(_ place: Located<String>?, _ what: String, among known: [String]) {
      guard let place, !known.contains(place.value) else { return }
      let hint = Suggestion.hint(for: place.value, among: known)
      context.report(place, "there is no \(what) \(place.value)", "name one that exists, or add it\(hint)")
    }
    require(field.flags, "flag set", among: flagSets.map(\.name.value))
    require(field.enumeration, "enumeration", among: enumerations.map(\.name.value))
    // What comes later could contain this one.
    let before = structures.prefix { $0.name.value != structure.name.value }.filter { $0.fields != nil }
    require(field.structure, "earlier structure with fields", among: before.map(\.name.value))
    let numbers = (structure.fields ?? []).filter { [.signed, .unsigned].contains($0.kind.value) }
    require(field.length, "field with a number", among: numbers.map(\.name.value))
  }
}

extension SystemCallTypesSpec.FieldKind {
  /// What a field of this kind must say.
  fileprivate var needs: Set<String> {
    switch self {
    case .bytes: ["length"]
    case .text: ["size"]
    case .structure: ["structure"]
    case .flags: ["flags"]
    case .enumeration: ["enumeration"]
    case .signed, .unsigned, .mode: ["width"]
    case .address, .descriptor, .signalSet: []
    }
  }

  /// What a field of this kind may say.
  fileprivate var allows: Set<String> {
    switch self {
    case .flags, .enumeration: ["width"]
    default: []
    }
  }
}
