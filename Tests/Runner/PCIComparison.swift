import Foundation

/// What the kernel found of PCI, beside what QEMU says.
struct PCIComparison {
  /// One range of addresses; nil where it has none.
  struct Range: Equatable, CustomStringConvertible {
    var kind: String
    var base: UInt64?
    var size: UInt64
    var description: String { "\(kind):\(base.map { String($0, radix: 16) } ?? "none")+\(String(size, radix: 16))" }
  }

  /// One function.
  struct Function {
    var identity: String
    var buses: String?
    var ranges: [String: Range] = [:]
  }

  let log: String
  let answer: String

  /// Equal: the same functions at the same addresses, with the same ranges and windows.
  var verdict: Scoreboard.Verdict {
    let found = kernelFunctions
    let there = emulatorFunctions
    func failure(_ reason: String) -> Scoreboard.Verdict { .failed(reason: reason, log: log + "\n" + answer) }
    guard !there.isEmpty else { return failure("QEMU gave no list") }
    for (address, function) in there.sorted(by: { $0.key < $1.key }) {
      guard let own = found[address] else { return failure("\(address) was not found") }
      guard own.identity == function.identity else {
        return failure("\(address) is \(function.identity), and was found as \(own.identity)")
      }
      guard own.buses == function.buses else {
        return failure("\(address) leads to \(function.buses ?? "none"), and was found with \(own.buses ?? "none")")
      }
      if let difference = difference(own, function) { return failure("\(address) \(difference)") }
    }
    if let invented = found.keys.first(where: { there[$0] == nil }) { return failure("\(invented) is not there") }
    return .passed
  }

  private func difference(_ found: Function, _ there: Function) -> String? {
    for (name, range) in there.ranges.sorted(by: { $0.key < $1.key }) {
      guard let own = found.ranges[name] else { return "\(name) was not found: \(range)" }
      // QEMU shows no address for what is not decoded.
      let isSame = own.kind == range.kind && own.size == range.size && (range.base == nil || own.base == range.base)
      guard isSame else { return "\(name) is \(range), and was found as \(own)" }
    }
    let invented = found.ranges.keys.first { there.ranges[$0] == nil }
    return invented.map { "has no \($0)" }
  }

  /// Functions in the kernel's lines: `pci: 00:02.0 8086:10d3 class=020000 bar0=memory:feb40000+20000`.
  private var kernelFunctions: [String: Function] {
    var functions: [String: Function] = [:]
    for line in log.split(whereSeparator: \.isNewline) {
      guard let marker = line.range(of: "pci: ") else { continue }
      let words = line[marker.upperBound...].split(separator: " ")
      guard words.count >= 3, words[2].hasPrefix("class=") else { continue }
      var function = Function(identity: "\(words[1]) \(words[2].dropFirst(6).prefix(4))")
      for word in words.dropFirst(3) {
        let pair = word.split(separator: "=")
        guard pair.count == 2 else { continue }
        if pair[0] == "buses" {
          function.buses = pair[1] == "00-00" ? nil : String(pair[1])
        } else if let range = Self.range(pair[1]) {
          function.ranges[String(pair[0])] = range
        }
      }
      functions[String(words[0])] = function
    }
    return functions
  }

  private static func range(_ text: Substring) -> Range? {
    guard let match = text.wholeMatch(of: /([a-z]+):([0-9a-f]+|none)\+([0-9a-f]+)/) else { return nil }
    guard let size = UInt64(match.3, radix: 16) else { return nil }
    return Range(kind: String(match.1), base: UInt64(match.2, radix: 16), size: size)
  }

  /// Functions in the answer to `query-pci`.
  private var emulatorFunctions: [String: Function] {
    let answer = (try? JSONSerialization.jsonObject(with: Data(answer.utf8))) as? [String: Any]
    var functions: [String: Function] = [:]
    for bus in answer?["return"] as? [[String: Any]] ?? [] { add(bus["devices"], to: &functions) }
    return functions
  }

  private func add(_ devices: Any?, to functions: inout [String: Function]) {
    for device in devices as? [[String: Any]] ?? [] {
      let (bus, slot, number) = (
        Self.number(device["bus"]), Self.number(device["slot"]), Self.number(device["function"])
      )
      let address = "\(Self.hex(bus, 2)):\(Self.hex(slot, 2)).\(number)"
      let id = device["id"] as? [String: Any]
      let code = Self.number((device["class_info"] as? [String: Any])?["class"])
      var function = Function(
        identity:
          "\(Self.hex(Self.number(id?["vendor"]), 4)):\(Self.hex(Self.number(id?["device"]), 4)) \(Self.hex(code, 4))")
      for region in device["regions"] as? [[String: Any]] ?? [] {
        let index = Self.number(region["bar"])
        let isMemory = region["type"] as? String == "memory"
        let isPrefetchable = region["prefetch"] as? Bool ?? false
        let base = Self.number(region["address"])
        let kind = !isMemory ? "ports" : index == 6 || isPrefetchable ? "prefetchable" : "memory"
        function.ranges[index == 6 ? "rom" : "bar\(index)"] = Range(
          kind: kind, base: base == .max || base == 0 ? nil : base, size: Self.number(region["size"]))
      }
      if let bridge = device["pci_bridge"] as? [String: Any], let behind = bridge["bus"] as? [String: Any] {
        let (first, last) = (Self.number(behind["secondary"]), Self.number(behind["subordinate"]))
        function.buses = first == 0 ? nil : "\(Self.hex(first, 2))-\(Self.hex(last, 2))"
        for (name, kind, key) in [
          ("port-window", "ports", "io_range"), ("memory-window", "memory", "memory_range"),
          ("prefetchable-window", "prefetchable", "prefetchable_range"),
        ] {
          let range = behind[key] as? [String: Any]
          let (base, limit) = (Self.number(range?["base"]), Self.number(range?["limit"]))
          // A window that begins at 0 or ends before it begins is closed.
          if base > 0, base <= limit { function.ranges[name] = Range(kind: kind, base: base, size: limit - base + 1) }
        }
        add(bridge["devices"], to: &functions)
      }
      functions[address] = function
    }
  }

  private static func number(_ value: Any?) -> UInt64 {
    guard let number = value as? NSNumber else { return 0 }
    return number.int64Value < 0 && number.doubleValue < 0 ? .max : number.uint64Value
  }

  private static func hex(_ number: UInt64, _ width: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
