extension SystemCallSpec {
  /// Numbers and names are unique and without gaps; every argument says what its kind asks for.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "number", in: calls.map(\.number))
    context.reportDuplicates(of: "name", in: calls.map(\.name))
    checkNumbers(&context)
    for call in calls {
      checkArguments(of: call, &context)
      checkBehaviour(of: call, &context)
      checkErrors(of: call, &context)
    }
  }

  private func checkNumbers(_ context: inout CheckContext) {
    var taken: Set<Int> = []
    for range in reserved ?? [] {
      if range.last.value < range.first.value {
        context.report(range.last, "the range ends before it begins", "write \(range.first.value) or more")
        continue
      }
      let numbers = Set(range.first.value...range.last.value)
      if let both = taken.intersection(numbers).min() {
        context.report(range.first, "\(both) is in another reserved range too", "keep the ranges apart")
      }
      taken.formUnion(numbers)
    }
    for call in calls where taken.contains(call.number.value) {
      context.report(
        call.number, "\(call.number.value) is in a reserved range", "shorten the range under \"reserved\"")
    }
    let known = taken.union(calls.map(\.number.value))
    var expected = 0
    for (index, call) in calls.enumerated() {
      let number = call.number.value
      if index > 0, number < calls[index - 1].number.value {
        context.report(
          call.number, "the number \(number) comes after \(calls[index - 1].number.value)",
          "keep the calls in the order of numbers")
      }
      if number > expected, let gap = (expected..<number).first(where: { !known.contains($0) }) {
        context.report(
          call.number, "the number \(gap) before it is missing", "add the call \(gap) or list it under \"reserved\"")
      }
      expected = max(expected, number + 1)
    }
  }

  private func checkArguments(of call: Call, _ context: inout CheckContext) {
    if call.arguments.count > 6 {
      context.report(
        call.arguments[6].name, "\(call.name.value) has \(call.arguments.count) arguments",
        "pass at most 6: the ABI has no register for more")
    }
    context.reportDuplicates(of: "argument name", in: call.arguments.map(\.name))
    for argument in call.arguments {
      checkKeys(of: argument, &context)
      for (place, name) in references(of: argument) {
        guard let other = call.arguments.first(where: { $0.name.value == name }) else {
          let hint = Suggestion.hint(for: name, among: call.arguments.map(\.name.value))
          context.report(
            place.position, place.path, "\(call.name.value) has no argument \(name)",
            "name one of its arguments\(hint)")
          continue
        }
        if other.name.value == argument.name.value {
          context.report(place.position, place.path, "the argument names itself", "name another argument")
        } else if argument.kind.value != .union, !other.holdsInteger {
          context.report(
            place.position, place.path, "\(name) is no number but \(other.kind.value.rawValue)",
            "name an argument of the kind size, signed or unsigned")
        } else if argument.kind.value == .union, ![.enumeration, .flags, .unsigned].contains(other.kind.value) {
          context.report(
            place.position, place.path, "\(name) is no command but \(other.kind.value.rawValue)",
            "name an argument of the kind enumeration, flags or unsigned")
        }
      }
    }
  }

  private func references(of argument: Argument) -> [(any SourceLocated, String)] {
    var references: [(any SourceLocated, String)] = []
    if let length = argument.length { references.append((length, length.value)) }
    if let selector = argument.selector { references.append((selector, selector.value)) }
    if let count = argument.count, case .argument(let name) = count.value { references.append((count, name)) }
    return references
  }

  private func checkKeys(of argument: Argument, _ context: inout CheckContext) {
    let present: [(String, (any SourceLocated)?)] = [
      ("direction", argument.direction), ("length", argument.length), ("count", argument.count),
      ("structure", argument.structure), ("flags", argument.flags), ("enumeration", argument.enumeration),
      ("selector", argument.selector), ("identifies", argument.identifies), ("width", argument.width),
      ("unknown", argument.unknown), ("optional", argument.optional),
    ]
    let kind = argument.kind.value
    for (key, place) in present {
      if let place, !kind.needs.contains(key), !kind.allows.contains(key) {
        context.report(
          place.position, place.path, "an argument of the kind \(kind.rawValue) has no \(key)", "remove it")
      }
      if place == nil, kind.needs.contains(key) {
        context.report(argument.kind, "an argument of the kind \(kind.rawValue) needs a \(key)", "add \"\(key)\"")
      }
    }
  }

  private func checkBehaviour(of call: Call, _ context: inout CheckContext) {
    if let restart = call.restart, !call.blocks {
      context.report(restart, "\(call.name.value) does not block", "remove it or write \"blocks\": true")
    }
    for name in call.mayRequire ?? [] where name.value == call.requires?.value {
      context.report(name, "\(name.value) is required anyway", "remove it")
    }
    if let fuzz = call.fuzz, call.status.value == .obsolete {
      context.report(fuzz, "no random calls are made of an obsolete call", "remove it")
    }
    switch call.status.value {
    case .obsolete:
      if !call.arguments.isEmpty || call.errors.map(\.value) != ["ENOSYS"] || call.function != nil {
        context.report(
          call.status, "an obsolete call only returns ENOSYS", "write \"arguments\": [], \"errors\": [\"ENOSYS\"]")
      }
    case .planned:
      if let function = call.function { context.report(function, "a planned call has no function yet", "remove it") }
    case .partial, .done:
      guard let function = call.function else {
        context.report(
          call.status, "a call that exists needs a function", "add \"function\": \"<method of SystemCallContext>\"")
        return
      }
      SwiftName.check(function, &context)
    }
  }

  private func checkErrors(of call: Call, _ context: inout CheckContext) {
    let names = call.errors.map(\.value)
    for (before, error) in zip(call.errors, call.errors.dropFirst()) where error.value < before.value {
      context.report(error, "\(error.value) comes after \(before.value)", "keep the errors in alphabetical order")
    }
    var expected: [(String, String)] = []
    if let restart = call.restart?.value, restart != .uninterruptible {
      expected.append(("EINTR", "a signal can interrupt it"))
    }
    let kinds = Set(call.arguments.map(\.kind.value))
    if !kinds.isDisjoint(with: [.bytes, .path, .string, .structure]) {
      expected.append(("EFAULT", "it takes a pointer"))
    }
    if !kinds.isDisjoint(with: [.descriptor, .directoryDescriptor]) {
      expected.append(("EBADF", "it takes a descriptor"))
    }
    for (name, reason) in expected where !names.contains(name) {
      context.report(call.name, "\(call.name.value) lists no \(name), but \(reason)", "add \"\(name)\" to \"errors\"")
    }
  }

  /// Reports what `types` and `errors` do not have.
  func check(against types: SystemCallTypesSpec, _ errors: ErrnoSpec, _ context: inout CheckContext) {
    func require(_ place: Located<String>?, _ what: String, among known: [String]) {
      guard let place, !known.contains(place.value) else { return }
      let hint = Suggestion.hint(for: place.value, among: known)
      context.report(place, "there is no \(what) \(place.value)", "name one that exists, or add it\(hint)")
    }
    let errorNames = errors.errors.map(\.name.value)
    let flagSets = types.flagSets.map(\.name.value)
    let enumerations = types.enumerations.map(\.name.value)
    let structures = types.structures.map(\.name.value)
    let capabilities =
      types.enumerations.first { $0.name.value == SystemCallTypesSpec.capabilityEnumeration }?.values
      .map(\.name.value) ?? []
    for call in calls {
      for error in call.errors { require(error, "error", among: errorNames) }
      for name in (call.mayRequire ?? []) + [call.requires].compactMap(\.self) {
        require(name, "capability", among: capabilities)
      }
      for argument in call.arguments {
        require(argument.flags, "flag set", among: flagSets)
        require(argument.enumeration, "enumeration", among: enumerations)
        require(argument.structure, "structure", among: structures)
      }
    }
  }
}

extension SystemCallSpec.Argument {
  /// True when the argument is a number, or points to one, that can say how much there is.
  fileprivate var holdsInteger: Bool {
    switch kind.value {
    case .size, .signed, .unsigned: true
    case .structure: direction?.value == .inout
    default: false
    }
  }
}

extension SystemCallSpec.Kind {
  /// What an argument of this kind must say.
  fileprivate var needs: Set<String> {
    switch self {
    case .bytes: ["direction", "length"]
    case .structure: ["direction", "structure"]
    case .pointer: ["direction"]
    case .flags: ["flags"]
    case .enumeration: ["enumeration"]
    case .union: ["selector"]
    case .identifier: ["identifies"]
    case .signed, .unsigned: ["width"]
    default: []
    }
  }

  /// What an argument of this kind may say.
  fileprivate var allows: Set<String> {
    switch self {
    case .structure: ["count", "optional"]
    case .bytes, .pointer, .path, .string: ["optional"]
    case .flags, .enumeration: ["width", "unknown"]
    case .identifier: ["width"]
    default: []
    }
  }
}
