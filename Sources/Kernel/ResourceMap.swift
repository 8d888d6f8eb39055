import BootInformation
import Foundations
import Machine
import PCI
import SyntheticFiles

/// What is at which addresses of one kind: for /proc/iomem and /proc/ioports.
struct ResourceMap: ~Copyable {
  private struct Entry {
    let range: Range<UInt64>
    let name: Message
    let indent: Int
  }

  private var entries = GrowableArray<Entry>()
  private var digits = 8

  /// Physical memory and what functions answer to there.
  static func memory(_ map: MemoryMap) throws(Errno) -> ResourceMap {
    var result = ResourceMap()
    for index in 0..<map.count {
      var name = Message()
      name.write(map[index].kind.resourceName.description)
      try result.add(map[index].range, name, indent: 0)
      let image = ImageLayout.physical
      if map[index].kind == .usable, map[index].range.contains(image.lowerBound) {
        try result.add(image, "Kernel image", indent: 2)
      }
    }
    try result.addFunctions { $0 == .memory || $0 == .prefetchable }
    return result
  }

  /// Ports that functions answer to.
  static func ports() throws(Errno) -> ResourceMap {
    var result = ResourceMap()
    result.digits = 4
    try result.addFunctions { $0 == .ports }
    return result
  }

  private mutating func addFunctions(_ isWanted: (PCIResource.Kind) -> Bool) throws(Errno) {
    var index = 0
    while let function = PCISystem.withHierarchy({ index < $0.count ? $0[index] : nil }) ?? nil {
      index += 1
      var name = Message()
      name.write(hex: UInt64(function.address.segment), width: 4)
      name.write(":")
      function.writeAddress(to: &name)
      for slot in PCIResourceSlot.allCases where slot.rawValue <= PCIResourceSlot.rom.rawValue {
        let resource = function[slot]
        if isWanted(resource.kind), let range = resource.range { try add(range, name, indent: 0) }
      }
    }
  }

  /// Adds a range behind those that begin before it.
  private mutating func add(_ range: Range<UInt64>, _ name: Message, indent: Int) throws(Errno) {
    guard !range.isEmpty else { return }
    var place = entries.count
    while place > 0, entries[place - 1].range.lowerBound > range.lowerBound { place -= 1 }
    try entries.insert(Entry(range: range, name: name, indent: indent), at: place)
  }

  /// Writes a line for each range. Source: proc(5).
  func write(to text: inout TextBuffer) {
    for index in 0..<entries.count {
      let entry = entries[index]
      text.write(repeating: 0x20, count: entry.indent)
      text.write(hex: entry.range.lowerBound, width: digits)
      text.write("-")
      text.write(hex: entry.range.upperBound - 1, width: digits)
      text.write(" : ")
      text.write(entry.name)
      text.write("\n")
    }
  }
}

extension MemoryKind {
  /// What Linux calls it.
  fileprivate var resourceName: StaticString {
    switch self {
    case .usable: "System RAM"
    case .acpiReclaimable: "ACPI Tables"
    case .acpiNonVolatile: "ACPI Non-volatile Storage"
    case .bad: "Unusable memory"
    case .persistent: "Persistent Memory"
    case .reserved: "Reserved"
    }
  }
}
