import ACPI
import BootInformation
import DeviceFiles
import DriverKit
import Foundations
import Machine
import Processors
import SystemFileSystem
import VFS

/// The boot step of drivers.
extension BootHandlers {
  /// Makes /sys, and starts a driver for every device that has one.
  static func drivers(_ state: inout BootState) -> BootOutcome {
    let commandLine = CommandLine(state.information.commandLine.bytes)
    if isForTests(commandLine) { return .done("none: tests were asked for") }
    if commandLine.flag("driver_faults") ?? false { KernelDevices.allowFaults() }
    guard let files = state.files else { return .failed("there are no file systems") }
    do throws(Errno) {
      let system = try SystemFileSystem(names: files.names, clock: FileClock(), pciControl: KernelPCIControl()) {
        () throws(Errno) in ProcessorList(try KernelProcessors.records())
      }
      state.system = system
      system.busControl = KernelBusControl()
      let observer = SystemDeviceObserver(system)
      observer.becomeCurrent()
      FirmwareSlots.show(in: system)
      DevicePlaces.start(KernelDevicePlaces(files.devices, system, observer))
      KernelRemapping.start(state)
      try KernelDevices.start(observer, centuryIndex: centuryIndex(state.firmware))
      let (running, failed) = KernelDevices.settle()
      // Why is in the log.
      guard failed == 0 else { return .failed("\(running) started, \(failed) not") }
      return .done("\(DeviceTree.count) devices, \(running) with a driver")
    } catch {
      return .failed("error \(error.rawValue)")
    }
  }

  private static func centuryIndex(_ firmware: borrowing FirmwareTables?) -> UInt8 {
    var table: ACPITable?
    switch firmware {
    case .some(let tables): table = tables.table("FACP")
    case nil: table = nil
    }
    guard let table = table.take() else { return 0 }
    do throws(ACPITableError) { return try FADT(table).centuryIndex } catch { return 0 }
  }
}
