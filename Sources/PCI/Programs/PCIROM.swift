public import Foundations
import Machine

/// The expansion ROM of a function, mapped for reading.
public final class PCIROM {
  private let space: DeviceSpace

  fileprivate init(_ range: Range<UInt64>) throws(Errno) { space = try DeviceSpace.map(range) }

  /// How many bytes there are.
  public var count: Int { space.count }

  /// The byte at `offset`; all ones outside, or while the ROM does not answer.
  public func read8(at offset: Int) -> UInt8 { space.read8(at: offset) }
}

extension PCISystem {
  /// Lets the ROM of the function at `address` answer, or not, for programs that read it.
  ///
  /// - Throws: `ENODEV` without such a function, `ENXIO` without a ROM that has an address, `EBUSY` while a driver has the function, as
  ///   some devices answer to nothing else meanwhile.
  /// - Context: any.
  public static func setROM(of address: PCIAddress, answers: Bool) throws(Errno) {
    let done: Void? = try withHierarchy { hierarchy throws(Errno) in
      guard let index = hierarchy.index(of: address), hierarchy[index].isPresent else { throw .ENODEV }
      let function = hierarchy[index]
      guard function.boundDriver == nil else { throw .EBUSY }
      guard function[.rom].range != nil else { throw .ENXIO }
      function.setROMDecoding(answers)
    }
    guard done != nil else { throw .ENODEV }
  }

  /// Lets the function at `address`, which no driver has, answer to its ranges, or nothing of it.
  ///
  /// - Throws: `ENODEV` without such a function, `EBUSY` while a driver has it, `ENXIO` when one of its ranges has no address.
  /// - Context: any.
  public static func setEnabled(_ address: PCIAddress, _ isEnabled: Bool) throws(Errno) {
    let done: Void? = try withHierarchy { hierarchy throws(Errno) in
      guard let index = hierarchy.index(of: address), hierarchy[index].isPresent else { throw .ENODEV }
      guard hierarchy[index].boundDriver == nil else { throw .EBUSY }
      if isEnabled { try hierarchy[index].enable(isMaster: false) } else { hierarchy[index].disable() }
    }
    guard done != nil else { throw .ENODEV }
  }
}

extension PCIFunction {
  /// Maps its ROM, which answers only while `PCISystem.setROM` says so.
  ///
  /// - Throws: `ENXIO` when it has none with an address; what `DeviceSpace.map` throws.
  public func mapROM() throws(Errno) -> PCIROM {
    guard let range = self[.rom].range else { throw .ENXIO }
    return try PCIROM(range)
  }
}
