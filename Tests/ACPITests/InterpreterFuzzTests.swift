import ACPI
import Foundation
import Foundations
import TestSupport
import Testing

/// Whatever a table holds, loading and running it ends, in a value or an error, within its limits.
///
/// `FUZZ_SECONDS=1200` runs it for so long instead of a few thousand tables; build with optimization for that.
@Suite("AML, hostile")
struct InterpreterFuzzTests {
  static let seconds = ProcessInfo.processInfo.environment["FUZZ_SECONDS"].flatMap { Double($0) }

  private static let limits = {
    var limits = AMLLimits()
    limits.heapByteCount = 1 << 20
    limits.objectSize = 1 << 16
    limits.nodeCount = 2_000
    limits.definitionCount = 2_000
    limits.methodDepth = 40
    limits.termDepth = 500
    limits.stepCount = 3_000
    return limits
  }()

  /// What came of some tables.
  struct Totals {
    var tables = 0
    var loaded = 0
    var values = 0
    var errors = 0
    var resources = 0
    var routes = 0
  }

  /// Loads `table`, evaluates everything in it, and checks that nothing is left over.
  static func exercise(_ table: [UInt8], _ totals: inout Totals) throws {
    let host = FuzzHost()
    let interpreter = try AMLInterpreter(host: host, limits: limits)
    interpreter.isForgiving = table.count & 1 == 0
    totals.tables += 1
    do {
      try interpreter.load(table)
      totals.loaded += 1
    } catch is AMLError {}
    var node = interpreter.next(after: .root)
    var evaluations = 0
    while let here = node, evaluations < 200 {
      evaluations += 1
      let following = interpreter.next(after: here)
      do {
        var arguments = AMLArguments(interpreter)
        for index in 0..<interpreter.argumentCount(of: here) { try arguments.append(UInt64(index)) }
        if let object = try interpreter.evaluate(here, arguments) {
          totals.values += 1
          _ = describe(object, interpreter)
        }
      } catch { totals.errors += 1 }
      node = following
    }
    askAsDriversDo(interpreter, &totals)
    #expect(interpreter.usage.heapBytes <= limits.heapByteCount)
    #expect(interpreter.usage.executions == 0)
    #expect(host.lockDepth == 0)
    interpreter.collect()
  }

  /// Asks what the kernel asks of a namespace: that the machine be started, what its devices are, what they use, how their
  /// interrupts are wired, how it is turned off. Whatever the answers are, reading them ends.
  private static func askAsDriversDo(_ interpreter: AMLInterpreter, _ totals: inout Totals) {
    func attempt(_ body: () throws -> Void) { do { try body() } catch { totals.errors += 1 } }
    attempt { try interpreter.initialize() }
    attempt { try interpreter.selectInterruptModel(.apic) }
    for state in 0...5 { attempt { _ = try interpreter.sleepType(state) } }
    attempt { try interpreter.prepareToSleep(5) }
    for number in UInt8.min...UInt8.max { _ = interpreter.eventMethod(number) }
    var devices: [AMLNode] = []
    attempt {
      try interpreter.forEachDevice { device throws(AMLError) in
        devices.append(device)
        return devices.count < 40
      }
    }
    for device in devices {
      attempt { _ = try interpreter.hardwareIdentifier(of: device) }
      attempt { _ = try interpreter.uniqueIdentifier(of: device) }
      attempt { _ = try interpreter.isPCIRoot(device) }
      attempt { try interpreter.forEachResource(of: device) { _ in totals.resources += 1 } }
      attempt {
        if let possible = try interpreter.possibleInterrupts(ofLink: device), possible.count > 0 {
          try interpreter.setInterrupt(ofLink: device, to: possible[0], from: possible)
        }
      }
      attempt {
        _ = try interpreter.forEachRoute(ofBusBehind: device) { route throws(AMLError) in
          totals.routes += 1
          if case .link(let link, _) = route.source { _ = try interpreter.currentInterrupts(ofLink: link) }
        }
      }
      attempt { try interpreter.eject(device) }
    }
  }

  /// Changes some bytes, takes some out or puts some in, and makes the checksum good again.
  static func damage(_ table: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var table = table
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      guard table.count > 40 else { break }
      let place = Int.random(in: 36..<table.count, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: table.remove(at: place)
      case 1: table.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 2:
        let length = min(Int.random(in: 1...20, using: &random), table.count - place)
        let source = Int.random(in: 36..<table.count, using: &random)
        table.insert(contentsOf: table[source..<min(source + length, table.count)], at: place)
      case 3: table.removeLast(min(table.count - 36, Int.random(in: 0...10, using: &random)))
      case 4: table[place] = [0, 1, 0x5b, 0x7f, 0x80, 0xff, 0x2f, 0x5c].randomElement(using: &random) ?? 0
      case 5: table[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      default: table[place] = UInt8.random(in: 0...255, using: &random)
      }
    }
    RandomCode.seal(&table)
    return table
  }

  /// Runs `body` with seeds from `first` on: `count` times, or for the time that the environment asks for.
  static func repeating(_ count: Int, from first: UInt64, _ body: (UInt64) throws -> Void) rethrows {
    let start = Date()
    var seed = first
    while seconds.map({ Date().timeIntervalSince(start) < $0 }) ?? (seed < first + UInt64(count)) {
      try body(seed)
      seed += 1
    }
  }

  @Test("Random code ends")
  func generated() throws {
    var totals = Totals()
    try Self.repeating(500, from: 1) { seed in
      var code = RandomCode(seed: seed)
      try Self.exercise(code.table(), &totals)
    }
    print("random code: \(totals)")
    #expect(totals.loaded > totals.tables / 2)
    #expect(totals.values > totals.tables * 4)
    #expect(totals.errors > totals.tables / 2)
  }

  @Test("Damaged random code ends")
  func damagedGenerated() throws {
    var totals = Totals()
    try Self.repeating(500, from: 1_000_000_000) { seed in
      var code = RandomCode(seed: seed)
      try Self.exercise(Self.damage(code.table(), &code.random), &totals)
    }
    print("damaged random code: \(totals)")
    #expect(totals.values > totals.tables * 4)
  }

  @Test("Damaged tables that iasl and QEMU made end")
  func damagedCompiled() throws {
    let folder = try ReferenceTools.scratch()
    defer { try? FileManager.default.removeItem(at: folder) }
    var tables = try ComparisonTests.files.map { file in
      let source = try String(contentsOf: ReferenceTools.aslFolder.appending(path: file), encoding: .utf8)
      return try ReferenceTools.compile(source, in: folder)
    }
    try #require(tables.count > 5)
    let memory = try QEMUTables.memory(["-machine", "q35", "-m", "32M"], megabytes: 32, in: folder)
    let list = try ACPITableList(rootPointerAt: try #require(RootPointer.searchBIOS(memory)), in: memory)
    for _ in 0..<5 { tables.append(array(try list.table("DSDT", in: memory))) }
    var totals = Totals()
    try Self.repeating(60, from: 2_000_000_000) { seed in
      var random = SeededGenerator(seed: seed)
      let table = tables[Int.random(in: 0..<tables.count, using: &random)]
      try Self.exercise(Self.damage(table, &random), &totals)
    }
    print("damaged compiled tables: \(totals)")
    #expect(totals.values > totals.tables * 4)
    #expect(totals.resources > totals.tables)
    #expect(totals.routes > totals.tables)
  }

  @Test("Noise ends")
  func noise() throws {
    var totals = Totals()
    try Self.repeating(500, from: 3_000_000_000) { seed in
      var random = SeededGenerator(seed: seed)
      let code = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      try Self.exercise(RandomCode.table(code), &totals)
    }
    print("noise: \(totals)")
  }
}

/// A machine with a few bytes of everything, fast enough for a fuzzer.
final class FuzzHost: AMLHost {
  private var bytes = [UInt8](repeating: 0x5a, count: 256)
  var lockDepth = 0

  func read(_ space: AMLAddressSpace, at address: UInt64, width: Int) throws(AMLError) -> UInt64 {
    guard space.rawValue < 2 else { throw .noHandler(space: space.rawValue) }
    var value: UInt64 = 0
    for index in 0..<UInt64(width) { value |= UInt64(bytes[Int((address &+ index) & 0xff)]) << (index * 8) }
    return value
  }

  func write(_ space: AMLAddressSpace, at address: UInt64, width: Int, _ value: UInt64) throws(AMLError) {
    guard space.rawValue < 2 else { throw .noHandler(space: space.rawValue) }
    for index in 0..<UInt64(width) {
      bytes[Int((address &+ index) & 0xff)] = UInt8(truncatingIfNeeded: value >> (index * 8))
    }
  }

  func readConfiguration(_ function: PCIFunctionAddress, at offset: UInt64, width: Int) throws(AMLError) -> UInt64 {
    try read(.systemIO, at: offset, width: width)
  }

  func writeConfiguration(
    _ function: PCIFunctionAddress, at offset: UInt64, width: Int, _ value: UInt64
  ) throws(AMLError) { try write(.systemIO, at: offset, width: width, value) }

  func sleep(milliseconds: UInt64) {}
  func stall(microseconds: UInt64) {}
  func timer() -> UInt64 { 7 }
  func notify(_ node: AMLNode, value: UInt64) {}
  func acquireGlobalLock() -> Bool {
    lockDepth += 1
    return true
  }
  func releaseGlobalLock() { lockDepth -= 1 }
  func fatal(type: UInt8, code: UInt32, argument: UInt64) {}
  func debug(_ text: Message) {}
  func warn(_ text: Message) {}
  func findTable(signature: UInt32, oem: UInt64, oemTable: UInt64) -> UInt32? { nil }
  func tableLength(_ number: UInt32) -> UInt64 { 0 }
  func tableByte(_ number: UInt32, at offset: UInt64) -> UInt8 { 0 }
}
