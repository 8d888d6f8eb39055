public import Machine
import Processes

/// `struct utsname`: six names of at most 64 bytes and a zero. Source: uname(2).
public struct Utsname: UserValue, Sendable {
  private static let fieldByteCount = 65

  private let machine: StaticString
  private let release: StaticString

  /// The names in force.
  ///
  /// - Parameters:
  ///   - machine: for which machine programs are to take it.
  ///   - release: which Linux programs are to take it for.
  init(machine: StaticString = SystemNames.machine, release: StaticString = SystemNames.release) {
    (self.machine, self.release) = (machine, release)
  }

  /// 390.
  public static var userByteCount: Int { 6 * fieldByteCount }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) { self.init() }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    Self.put(SystemNames.system, 0, &bytes)
    Self.put(SystemNames.hostName, 1, &bytes)
    Self.put(release, 2, &bytes)
    Self.put(SystemNames.version, 3, &bytes)
    Self.put(machine, 4, &bytes)
    Self.put(SystemNames.domainName, 5, &bytes)
  }

  private static func put(_ text: StaticString, _ field: Int, _ bytes: inout MutableSpan<UInt8>) {
    var index = field * fieldByteCount
    for byte in text.description.utf8 {
      bytes[index] = byte
      index += 1
    }
  }

  private static func put(_ name: SystemName, _ field: Int, _ bytes: inout MutableSpan<UInt8>) {
    let text = name.bytes
    for index in text.indices { bytes[field * fieldByteCount + index] = text[index] }
  }
}

/// `struct sysinfo`. Source: sysinfo(2).
public struct Sysinfo: UserValue, Sendable {
  /// Seconds since boot.
  public var uptime: UInt64 = 0
  /// How many tasks ran or wanted to, on average over 1, 5 and 15 minutes, in units of 1/65,536.
  public var loads: (UInt64, UInt64, UInt64) = (0, 0, 0)
  /// Memory, in bytes.
  public var total: UInt64 = 0
  /// Memory that is free.
  public var free: UInt64 = 0
  /// Shared memory and files that are in memory only.
  public var shared: UInt64 = 0
  /// Pages of block devices.
  public var buffers: UInt64 = 0
  /// Swap.
  public var swapTotal: UInt64 = 0
  /// Swap that is free.
  public var swapFree: UInt64 = 0
  /// How many processes there are.
  public var processCount: UInt16 = 0

  init() {}

  /// 112.
  public static var userByteCount: Int { 112 }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) { self.init() }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(uptime, at: 0, &bytes)
    StructureBytes.put(loads.0, at: 8, &bytes)
    StructureBytes.put(loads.1, at: 16, &bytes)
    StructureBytes.put(loads.2, at: 24, &bytes)
    StructureBytes.put(total, at: 32, &bytes)
    StructureBytes.put(free, at: 40, &bytes)
    StructureBytes.put(shared, at: 48, &bytes)
    StructureBytes.put(buffers, at: 56, &bytes)
    StructureBytes.put(swapTotal, at: 64, &bytes)
    StructureBytes.put(swapFree, at: 72, &bytes)
    StructureBytes.put(UInt64(processCount), width: 2, at: 80, &bytes)
    // The unit of the sizes.
    StructureBytes.put(1, width: 4, at: 104, &bytes)
  }
}
