import BootInformation
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
    if isForTests(CommandLine(state.information.commandLine.bytes)) { return .done("none: tests were asked for") }
    guard let files = state.files else { return .failed("there are no file systems") }
    do throws(Errno) {
      let system = try SystemFileSystem(names: files.names, clock: FileClock()) { () throws(Errno) in
        ProcessorList(try KernelProcessors.records())
      }
      state.system = system
      try KernelDevices.start(DeviceObserver())
      let (running, failed) = KernelDevices.settle()
      // Why is in the log.
      guard failed == 0 else { return .failed("\(running) started, \(failed) not") }
      return .done("\(DeviceTree.count) devices, \(running) with a driver")
    } catch {
      return .failed("error \(error.rawValue)")
    }
  }
}
