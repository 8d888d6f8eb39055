import Foundations
import Machine
import Security
import VFS

/// The sockets of NETLINK_KOBJECT_UEVENT that there are, and their ports.
enum NetlinkTable {
  private struct Entry: ~Copyable {
    let endpoint: NetlinkEndpoint
    /// 0 while it has none.
    var port: UInt32
  }

  private struct Table: ~Copyable {
    /// In the order of their serial numbers.
    var entries = GrowableArray<Entry>()
    var lastSerial: UInt64 = 0

    /// The first with a serial number above `serial`.
    func index(after serial: UInt64) -> Int {
      var (low, high) = (0, entries.count)
      while low < high {
        let middle = (low + high) / 2
        if entries[middle].endpoint.serial > serial { high = middle } else { low = middle + 1 }
      }
      return low
    }

    /// Where the one with this serial number is.
    func index(of serial: UInt64) -> Int? {
      guard serial > 0 else { return nil }
      let index = index(after: serial - 1)
      return index < entries.count && entries[index].endpoint.serial == serial ? index : nil
    }

    func index(ofPort port: UInt32) -> Int? {
      for index in 0..<entries.count where entries[index].port == port { return index }
      return nil
    }
  }

  /// Nothing but the heap is taken with it held.
  private static let table = SpinLock(Table())
  /// Ports that the kernel chooses look negative, so that they are no process's: up to this. Source: Linux
  /// net/netlink/af_netlink.c, `netlink_autobind`.
  private static let chosenPortLimit = Int32(-4_096)

  /// Makes an endpoint and lists it, until `remove`.
  ///
  /// - Throws: `ENOMEM`.
  static func makeEndpoint() throws(Errno) -> NetlinkEndpoint {
    try ObjectMemory.check()
    return try table.withLock { table throws(Errno) in
      let endpoint = NetlinkEndpoint(serial: table.lastSerial + 1)
      try table.entries.append(Entry(endpoint: endpoint, port: 0))
      table.lastSerial += 1
      return endpoint
    }
  }

  /// Ends what `makeEndpoint` began; the port is free again.
  static func remove(_ endpoint: NetlinkEndpoint) {
    table.withLock { table in
      guard let index = table.index(of: endpoint.serial) else { return }
      _ = table.entries.remove(at: index)
    }
  }

  /// The listed one behind `serial`, in the order in which they were made; 0 for the first.
  static func next(after serial: UInt64) -> NetlinkEndpoint? {
    table.withLock { table in
      let index = table.index(after: serial)
      return index < table.entries.count ? table.entries[index].endpoint : nil
    }
  }

  /// The one with a port, which is not 0.
  static func find(port: UInt32) -> NetlinkEndpoint? {
    table.withLock { table in table.index(ofPort: port).map { table.entries[$0].endpoint } }
  }

  /// The port of `endpoint`; 0 while it has none.
  static func port(of endpoint: NetlinkEndpoint) -> UInt32 {
    table.withLock { table in table.index(of: endpoint.serial).map { table.entries[$0].port } ?? 0 }
  }

  /// Gives `endpoint`, which has none, a port that is not 0.
  ///
  /// - Returns: the port that it has now, which is another if another thread was faster; nil when it is taken.
  static func setPort(of endpoint: NetlinkEndpoint, to port: UInt32) -> UInt32? {
    table.withLock { table in
      guard let index = table.index(of: endpoint.serial) else { return nil }
      if table.entries[index].port != 0 { return table.entries[index].port }
      guard table.index(ofPort: port) == nil else { return nil }
      table.entries[index].port = port
      return port
    }
  }

  /// Gives `endpoint` a port, if it has none: the number of its process if that is free.
  ///
  /// - Returns: the port.
  /// - Throws: `EADDRINUSE` when there is none left.
  static func choosePort(of endpoint: NetlinkEndpoint, process: Int32) throws(Errno) -> UInt32 {
    let process = UInt32(bitPattern: process)
    if process != 0, let port = setPort(of: endpoint, to: process) { return port }
    // Enough that there is a free one if not nearly all are taken.
    for _ in 0..<1_024 {
      let wanted = UInt32(truncatingIfNeeded: SystemRandom.next()) | 0x8000_0000
      guard Int32(bitPattern: wanted) < chosenPortLimit else { continue }
      if let port = setPort(of: endpoint, to: wanted) { return port }
    }
    throw .EADDRINUSE
  }
}
