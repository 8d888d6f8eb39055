import ACPI
import Foundations
import Logging
import Machine
import PCI
import Time

/// The machine as the firmware's code sees it.
///
/// It reaches memory that is no part of the kernel's, ports that Machine does not keep, and configuration space. Everything is
/// bounded: a wait that AML asks for is cut off, so that no table can stop the boot.
final class FirmwareHost: AMLHost {
  /// A Sleep of AML is no longer than this, in milliseconds; ACPICA draws the line at two seconds.
  private static let sleepLimit: UInt64 = 2_000
  /// A Stall is no longer than this, in microseconds: the specification allows 100.
  private static let stallLimit: UInt64 = 1_000

  private let configuration: any PCIConfigurationAccess
  private var tables: FirmwareTableDirectory
  private let notifications = SpinLock(ACPINotificationQueue())

  /// A host that reaches configuration space by `configuration`, and lends AML what is in `tables`.
  init(_ configuration: any PCIConfigurationAccess, _ tables: consuming FirmwareTableDirectory) {
    self.configuration = configuration
    self.tables = tables
  }

  func read(_ space: AMLAddressSpace, at address: UInt64, width: Int) throws(AMLError) -> UInt64 {
    switch space {
    case .systemMemory:
      let memory = try memory(at: address, width: width)
      switch width {
      case 1: return UInt64(memory.read8(at: 0))
      case 2: return UInt64(memory.read16(at: 0))
      case 4: return UInt64(memory.read32(at: 0))
      default: return memory.read64(at: 0)
      }
    case .systemIO:
      do throws(Errno) {
        return UInt64(try FirmwarePorts.read(at: address, width: width))
      } catch {
        throw .accessRefused
      }
    default: throw .noHandler(space: space.rawValue)
    }
  }

  func write(_ space: AMLAddressSpace, at address: UInt64, width: Int, _ value: UInt64) throws(AMLError) {
    switch space {
    case .systemMemory:
      let memory = try memory(at: address, width: width)
      switch width {
      case 1: memory.write8(UInt8(truncatingIfNeeded: value), at: 0)
      case 2: memory.write16(UInt16(truncatingIfNeeded: value), at: 0)
      case 4: memory.write32(UInt32(truncatingIfNeeded: value), at: 0)
      default: memory.write64(value, at: 0)
      }
    case .systemIO:
      do throws(Errno) {
        try FirmwarePorts.write(UInt32(truncatingIfNeeded: value), at: address, width: width)
      } catch {
        throw .accessRefused
      }
    default: throw .noHandler(space: space.rawValue)
    }
  }

  /// Memory of the firmware's or of a device's; how it is cached where nobody else has mapped it is for the CPU's range
  /// registers to say.
  private func memory(at address: UInt64, width: Int) throws(AMLError) -> DeviceSpace {
    let (end, isPastEnd) = address.addingReportingOverflow(UInt64(width))
    guard !isPastEnd else { throw .accessRefused }
    do throws(Errno) {
      return try DeviceSpace.map(address..<end, caching: .writeBack)
    } catch {
      guard error == .EBUSY else { throw .accessRefused }
    }
    do throws(Errno) { return try DeviceSpace.map(address..<end) } catch { throw .accessRefused }
  }

  func readConfiguration(
    _ function: PCIFunctionAddress, at offset: UInt64, width: Int
  ) throws(AMLError) -> UInt64 {
    guard offset < 4_096 else { throw .accessRefused }
    return UInt64(configuration.read(PCIAddress(function), at: Int(offset), width: width))
  }

  func writeConfiguration(
    _ function: PCIFunctionAddress, at offset: UInt64, width: Int, _ value: UInt64
  ) throws(AMLError) {
    guard offset < 4_096 else { throw .accessRefused }
    configuration.write(
      UInt32(truncatingIfNeeded: value), to: PCIAddress(function), at: Int(offset), width: width)
  }

  // MARK: Time

  func sleep(milliseconds: UInt64) { BusyWait.wait(nanoseconds: min(milliseconds, Self.sleepLimit) * 1_000_000) }

  func stall(microseconds: UInt64) { BusyWait.wait(nanoseconds: min(microseconds, Self.stallLimit) * 1_000) }

  func timer() -> UInt64 { Clock.nanoseconds / 100 }

  // MARK: Messages

  func notify(_ node: AMLNode, value: UInt64) {
    notifications.withLock { $0.append(ACPINotification(node: node, value: value)) }
  }

  /// The oldest notification that nobody has seen.
  func takeNotification() -> ACPINotification? { notifications.withLock { $0.popFirst() } }

  /// The lock lies in the FACS, which no firmware that is known shares with code that runs meanwhile on a PC without SMM.
  func acquireGlobalLock() -> Bool { true }

  func releaseGlobalLock() {}

  func fatal(type: UInt8, code: UInt32, argument: UInt64) {
    KernelLog.add(
      .critical, .acpi,
      "the firmware reports error \(UInt64(type)), code \(hex: UInt64(code)), argument \(hex: argument)")
  }

  func debug(_ text: Message) { KernelLog.add(.debug, .acpi, text) }

  func warn(_ text: Message) { KernelLog.add(.warning, .acpi, text) }

  func findTable(signature: UInt32, oem: UInt64, oemTable: UInt64) -> UInt32? {
    tables.find(signature: signature, oem: oem, oemTable: oemTable)
  }

  func tableLength(_ number: UInt32) -> UInt64 { tables.length(of: number) }

  func tableByte(_ number: UInt32, at offset: UInt64) -> UInt8 { tables.byte(of: number, at: offset) }
}

extension PCIAddress {
  /// The function that AML means.
  fileprivate init(_ function: PCIFunctionAddress) {
    self.init(
      segment: function.segment, bus: function.bus, device: function.device, function: function.function)
  }
}
