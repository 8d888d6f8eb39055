import ACPI
import Foundations
import Logging
import Machine

/// Which memory and which CPUs are near each other, as the firmware says: the machine's NUMA nodes.
///
/// Nodes are numbered as `ProcessorNodes` numbers them: the domains of CPUs in the order in which they are named, then those that
/// have memory only. Source: ACPI 6.5, sections 5.2.16 and 5.2.17.
struct MemoryNodes: ~Copyable {
  /// Memory of one node.
  struct Memory: Sendable {
    var range: Range<UInt64>
    var node: Int
  }

  /// What a distance is where the firmware tells none: within a node, and between two. ACPI 6.5, section 5.2.17.
  private static let ownDistance: UInt8 = 10
  private static let otherDistance: UInt8 = 20

  private static let found = BootCell<MemoryNodes>()

  /// The proximity domains: the index is the node's number.
  private(set) var domains = GrowableArray<UInt32>()
  /// The memory that has a node.
  private(set) var memory = GrowableArray<Memory>()
  private var distances = GrowableArray<UInt8>()

  /// Runs `body` with the nodes; returns nil where the firmware tells of none.
  static func withNodes<Result>(_ body: (borrowing MemoryNodes) -> Result) -> Result? { found.withValue(body) }

  /// Reads the firmware's tables and logs what they say; a machine without an SRAT has no nodes.
  ///
  /// - Context: once, on the boot CPU.
  static func start(_ tables: borrowing FirmwareTables) {
    guard let table = tables.table("SRAT") else { return }
    var nodes = MemoryNodes()
    do throws(ACPITableError) {
      try nodes.add(SRAT(table))
    } catch {
      return KernelLog.add(.warning, .acpi, "the SRAT is refused: \(error.reason)")
    }
    if let table = tables.table("SLIT") {
      do throws(ACPITableError) {
        try nodes.add(SLIT(table))
      } catch {
        KernelLog.add(.warning, .acpi, "the SLIT is refused: \(error.reason)")
      }
    }
    for node in 0..<nodes.domains.count { nodes.log(node) }
    found.fill(nodes)
  }

  /// How far memory of node `to` is from CPUs of node `from`: 10 is near.
  func distance(from: Int, to: Int) -> UInt8 {
    let index = from * domains.count + to
    if from >= 0, to >= 0, to < domains.count, index < distances.count { return distances[index] }
    return from == to ? Self.ownDistance : Self.otherDistance
  }

  /// How many bytes of memory node `node` has.
  func byteCount(of node: Int) -> UInt64 {
    var sum: UInt64 = 0
    for index in 0..<memory.count where memory[index].node == node {
      sum += memory[index].range.upperBound - memory[index].range.lowerBound
    }
    return sum
  }

  private mutating func add(_ table: borrowing SRAT) throws(ACPITableError) {
    var isShort = false
    table.forEach { entry in
      if case .processor(_, let domain) = entry, !addDomain(domain) { isShort = true }
    }
    table.forEach { entry in
      guard case .memory(let range, let domain, let isHotPluggable, _) = entry, !isHotPluggable, !range.isEmpty
      else { return }
      guard addDomain(domain), let node = node(of: domain) else {
        isShort = true
        return
      }
      do throws(Errno) { try memory.append(Memory(range: range, node: node)) } catch { isShort = true }
    }
    guard !isShort else { throw .outOfMemory }
  }

  /// - Returns: false when there is no memory to note it.
  private mutating func addDomain(_ domain: UInt32) -> Bool {
    guard node(of: domain) == nil else { return true }
    do throws(Errno) { try domains.append(domain) } catch { return false }
    return true
  }

  private func node(of domain: UInt32) -> Int? {
    for index in 0..<domains.count where domains[index] == domain { return index }
    return nil
  }

  private mutating func add(_ table: borrowing SLIT) throws(ACPITableError) {
    for from in 0..<domains.count {
      for to in 0..<domains.count {
        let told = table.distance(from: Int(domains[from]), to: Int(domains[to]))
        let distance = told ?? (from == to ? Self.ownDistance : Self.otherDistance)
        do throws(Errno) { try distances.append(distance) } catch { throw .outOfMemory }
      }
    }
  }

  private func log(_ node: Int) {
    var text = Message()
    text.write("node \(node), domain \(UInt64(domains[node])): \(byteCount(of: node) >> 20) MiB, distances" as Message)
    for other in 0..<domains.count { text.write(Message(" \(UInt64(distance(from: node, to: other)))")) }
    KernelLog.add(.info, .acpi, text)
  }
}

/// The picture that firmware has put on the screen.
enum BootLogo {
  /// Logs where it is.
  static func log(_ tables: borrowing FirmwareTables) {
    guard let table = tables.table("BGRT") else { return }
    do throws(ACPITableError) {
      let logo = try BGRT(table)
      KernelLog.add(
        .debug, .acpi, "the firmware's logo at \(hex: logo.address) is shown at \(UInt64(logo.x)), \(UInt64(logo.y))")
    } catch {
      KernelLog.add(.warning, .acpi, "the BGRT is refused: \(error.reason)")
    }
  }
}
