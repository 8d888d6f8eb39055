public import Foundations
import Machine

/// Several ways to configuration space as one: the first that leads to a function is taken.
///
/// Ways are added while there is one CPU; afterwards it is only read.
public final class CombinedConfiguration: PCIConfigurationAccess {
  private var ways = GrowableArray<any PCIConfigurationAccess>()

  /// Creates one that leads nowhere.
  public init() {}

  /// Adds `way` behind those that are there.
  ///
  /// - Throws: `ENOMEM`; nothing has changed.
  public func add(_ way: any PCIConfigurationAccess) throws(Errno) { try ways.append(way) }

  private func way(to address: PCIAddress) -> (any PCIConfigurationAccess)? {
    for index in 0..<ways.count where ways[index].byteCount(of: address) > 0 { return ways[index] }
    return nil
  }

  /// How many bytes of the function's space it reaches, 0 where it does not lead.
  public func byteCount(of address: PCIAddress) -> Int { way(to: address)?.byteCount(of: address) ?? 0 }

  /// Reads `width` bytes, 1, 2 or 4; all ones where nobody answers.
  public func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    way(to: address)?.read(address, at: offset, width: width) ?? .max
  }

  /// Writes the low `width` bytes of `value`, 1, 2 or 4.
  public func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    way(to: address)?.write(value, to: address, at: offset, width: width)
  }

  /// Whether `way` shows the same functions on bus `bus` as `other` does, and at least one.
  ///
  /// A table of the firmware may name memory where no configuration space is.
  public static func agree(
    _ way: some PCIConfigurationAccess, _ other: some PCIConfigurationAccess, segment: UInt16, bus: UInt8
  ) -> Bool {
    var found = 0
    for device in UInt8(0)..<32 {
      let address = PCIAddress(segment: segment, bus: bus, device: device, function: 0)
      let identity = way.read(address, at: 0, width: 4)
      guard identity == other.read(address, at: 0, width: 4) else { return false }
      if identity != .max { found += 1 }
    }
    return found > 0
  }
}
