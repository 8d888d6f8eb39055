import Foundation
import PCI
import Testing

/// Compares the packed table with Debian's own list and with the constants of libpci, read here a second time.
@Suite("PCIIdentifiers against the list")
struct PCIListTests {
  /// Names by the numbers that lead to them: vendor; vendor, device; vendor, device, subsystem vendor, subsystem device.
  struct List {
    var version = ""
    var names: [[UInt16]: String] = [:]
    var classes: [[UInt8]: String] = [:]

    init(_ text: String) {
      var path: [String] = []
      for line in text.components(separatedBy: "\n") {
        if line.hasPrefix("#\tVersion: ") { version = String(line.dropFirst("#\tVersion: ".count)) }
        if line.isEmpty || line.hasPrefix("#") { continue }
        let depth = line.prefix { $0 == "\t" }.count
        guard let gap = line.range(of: "  ") else { continue }
        path = path.prefix(depth) + [String(line[..<gap.lowerBound].dropFirst(depth))]
        let name = String(line[gap.upperBound...])
        if path[0].hasPrefix("C ") {
          classes[path.compactMap { UInt8($0.suffix(2), radix: 16) }] = name
        } else {
          names[path.flatMap { $0.split(separator: " ").compactMap { UInt16($0, radix: 16) } }] = name
        }
      }
    }
  }

  static let list: List? = (try? String(contentsOfFile: "/usr/share/misc/pci.ids", encoding: .utf8)).map(List.init)
  static let headers = ["/usr/include/x86_64-linux-gnu/pci/header.h", "/usr/include/pci/header.h"]
    .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }

  /// The version of the imported list; another one on this machine has other names.
  static var hasSameVersion: Bool {
    let spec = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Specs/pci/ids.json")
    let start = (try? String(contentsOf: spec, encoding: .utf8))?.prefix(1000) ?? ""
    return list.map { !$0.version.isEmpty && start.contains("\"version\": \"\($0.version)\"") } ?? false
  }

  static func name(_ numbers: [UInt16]) -> String? {
    switch numbers.count {
    case 1: text(PCIIdentifiers.vendorName(numbers[0]))
    case 2: text(PCIIdentifiers.deviceName(vendor: numbers[0], device: numbers[1]))
    case 4:
      text(
        PCIIdentifiers.subsystemName(
          vendor: numbers[0], device: numbers[1], subsystemVendor: numbers[2], subsystemDevice: numbers[3]))
    default: nil
    }
  }

  @Test("Every name of the list is found under its numbers", .enabled(if: hasSameVersion, "another version of pci.ids"))
  func everyName() throws {
    let list = try #require(Self.list)
    #expect(list.names.count > 35_000)
    var wrong: [[UInt16]] = []
    for (numbers, name) in list.names where Self.name(numbers) != name { wrong.append(numbers) }
    #expect(wrong == [])
  }

  @Test("Every class, subclass and interface is found", .enabled(if: hasSameVersion, "another version of pci.ids"))
  func everyClass() throws {
    let list = try #require(Self.list)
    #expect(list.classes.count > 200)
    for base in UInt8.min...UInt8.max {
      #expect(text(PCIIdentifiers.className(base)) == list.classes[[base]])
      for subclass in UInt8.min...UInt8.max where list.classes[[base]] != nil || subclass < 4 {
        let name = text(PCIIdentifiers.subclassName(base, subclass))
        if name != list.classes[[base, subclass]] { Issue.record("class \(base), \(subclass): \(name ?? "nil")") }
      }
    }
    for numbers in list.classes.keys where numbers.count == 2 {
      for interface in UInt8.min...UInt8.max {
        let name = text(PCIIdentifiers.interfaceName(numbers[0], numbers[1], interface))
        if name != list.classes[numbers + [interface]] { Issue.record("interface \(numbers), \(interface)") }
      }
    }
  }

  @Test("What is not in the list has no name", .enabled(if: hasSameVersion, "another version of pci.ids"))
  func unknown() throws {
    let list = try #require(Self.list)
    var wrong: [[UInt16]] = []
    for number in UInt16.min...UInt16.max {
      for numbers in [[number], [0x8086, number], [0xffff, number], [number, 0xffff]]
      where list.names[numbers] == nil && Self.name(numbers) != nil { wrong.append(numbers) }
    }
    for (numbers, _) in list.names where numbers.count == 4 {
      let neighbour = [numbers[0], numbers[1], numbers[2], numbers[3] &+ 1]
      if list.names[neighbour] == nil, Self.name(neighbour) != nil { wrong.append(neighbour) }
    }
    #expect(wrong == [])
  }

  @Test("Every class constant of libpci has a name", .enabled(if: !headers.isEmpty, "libpci-dev is not installed"))
  func classConstants() throws {
    // The list, as the PCI Code and ID Assignment Specification, begins the subclasses of satellite controllers with 1.
    let unlisted: Set<Substring> = ["PCI_CLASS_SATELLITE_TV"]
    var count = 0
    for match in Self.headers[0].matches(of: /#define\s+(PCI_(?:BASE_)?CLASS_\w+)\s+0x([0-9a-fA-F]+)/) {
      let number = try #require(UInt16(match.2, radix: 16))
      let name =
        match.2.count == 2
        ? PCIIdentifiers.className(UInt8(number))
        : PCIIdentifiers.subclassName(UInt8(number >> 8), UInt8(number & 0xff))
      #expect((name == nil) == unlisted.contains(match.1), "\(match.1) is 0x\(match.2)")
      count += 1
    }
    #expect(count > 80)
  }
}
