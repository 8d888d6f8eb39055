import ACPI
import Foundations
import Machine
import PCI
import Testing

@testable import DMARemapping

@Suite("Which VT-d unit serves a device")
struct IntelTests {
  @Test("A scope names functions, and bridges with all that is behind them")
  func scopes() throws {
    let functions = ListedFunctions.usual()
    var scope = VTDScope(segment: 0, servesOthers: false)
    try scope.add(function: address(0, 2))
    try scope.add(bridge: address(0, 0x1e))
    let box = VTDScopeBox(scope)
    #expect(box.scope.coverage(of: try functions.path(address(0, 2))) == .named)
    #expect(box.scope.coverage(of: try functions.path(address(1, 0))) == .none)
    #expect(box.scope.coverage(of: try functions.path(address(0, 0x1e))) == .named)
    #expect(box.scope.coverage(of: try functions.path(address(3, 4))) == .named)
    let others = VTDScopeBox(VTDScope(segment: 0, servesOthers: true))
    #expect(others.scope.coverage(of: try functions.path(address(1, 0))) == .others)
    let elsewhere = VTDScopeBox(VTDScope(segment: 1, servesOthers: true))
    #expect(elsewhere.scope.coverage(of: try functions.path(address(1, 0))) == .none)
  }

  @Test("A device is found by the bridges on the way")
  func ways() throws {
    let functions = ListedFunctions.usual()
    let bytes = Self.table(devices: [
      [1, 8, 0, 0, 0, 0, 2, 0], [1, 10, 0, 0, 0, 0, 0x1c, 0, 0, 0], [2, 12, 0, 0, 0, 0, 0x1e, 0, 3, 0, 4, 0],
      [1, 10, 0, 0, 0, 0, 2, 0, 0, 0], [1, 10, 0, 0, 0, 0, 9, 0, 0, 0], [1, 8, 0, 0, 0, 7, 1, 1],
    ])
    let found = try functions.withHierarchy { hierarchy in
      let table = try DMAR(try ACPITable(at: 4096, in: TableMemory(bytes)))
      var found: [PCIAddress?] = []
      table.forEachUnit { unit in
        table.forEachDevice(of: unit) { found.append(IntelUnits.address(of: $0, segment: 0, hierarchy)) }
      }
      return found
    }
    #expect(found == [address(0, 2), address(1, 0), address(3, 4), nil, nil, address(7, 1, 1)])
  }

  /// A table with one unit that names `devices`.
  static func table(devices: [[UInt8]]) -> [UInt8] {
    let scopes = devices.flatMap { $0 }
    var bytes = Array("DMAR".utf8) + [UInt8](repeating: 0, count: 32) + [38, 0] + [UInt8](repeating: 0, count: 10)
    bytes += [0, 0, UInt8(16 + scopes.count), 0, 0, 0, 0, 0] + [0, 0, 0xd9, 0xfe, 0, 0, 0, 0] + scopes
    bytes[4] = UInt8(bytes.count)
    bytes[9] = 0 &- bytes.reduce(0, &+)
    return bytes
  }

  /// Memory with a table at address 4096.
  struct TableMemory: ACPIMemory {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func read(at address: UInt64, into target: inout MutableSpan<UInt8>) -> Bool {
      guard address >= 4096, address - 4096 + UInt64(target.count) <= UInt64(bytes.count) else { return false }
      for index in 0..<target.count { target[index] = bytes[Int(address - 4096) + index] }
      return true
    }
  }
}
