import DriverKit
import Foundations
import Machine
import PCI
import Scheduler
import Terminals
import Time
import VirtioDrivers

/// A driver of a real device that leaves rubbish in the queue that it shares with it: the device is reset each time, and gives what
/// is wanted of it.
enum CorruptionTest {
  static let machine = TestMachine(memory: "256M", processorCount: 2, device: "virtio-rng-pci")
  private static let rounds = 100
  private static let patience: UInt64 = 10_000_000_000
  private static let byteCount = 16

  static func run() throws(TestFailure) {
    let device = try addDevice()
    for round in 0..<rounds {
      do throws(Errno) { try DeviceTree.order(.inject(.corruption), device) } catch {
        throw TestFailure(reason: "round \(round): error \(error.rawValue)")
      }
      try read(device, round)
      try awaitRestart(device, round)
      try read(device, round)
    }
    let restarts = device.restartCount
    try expect(restarts == UInt64(rounds), "\(restarts) of \(rounds) drivers were replaced")
    try expect(device.state == .running, "the device is \(device.state.name.description)")
  }

  /// What the device itself refuses is noticed by its interrupt; what it makes nothing of, when it does not answer in time.
  private static func awaitRestart(_ device: DeviceNode, _ round: Int) throws(TestFailure) {
    let deadline = Clock.nanoseconds &+ patience
    while device.restartCount == UInt64(round) || device.state != .running {
      try expect(Clock.nanoseconds < deadline, "round \(round): nobody notices")
      do throws(Errno) { try Scheduler.sleep(nanoseconds: 2_000_000) } catch {}
    }
  }

  private static func read(_ device: DeviceNode, _ round: Int) throws(TestFailure) {
    let request = RandomRequest(count: byteCount)
    do throws(Errno) {
      try device.submit(request)
      let count = try request.wait(until: Clock.nanoseconds &+ patience)
      guard count > 0 else { throw .EIO }
    } catch {
      throw TestFailure(reason: "round \(round): no random numbers: error \(error.rawValue)")
    }
  }

  /// Starts the tree with the machine's source of random numbers.
  private static func addDevice() throws(TestFailure) -> DeviceNode {
    do throws(Errno) {
      try DeviceTree.start(DeviceObserver())
      try DeviceTree.register(BusType())
      try VirtioDriverType.registerAll(TerminalJobControl())
      guard let function = function() else { throw .ENODEV }
      var name = Message()
      function.writeAddress(to: &name)
      try DeviceTree.add(DeviceNode(name, .pci, .pci(function)))
    } catch {
      throw TestFailure(reason: "the device cannot be added: error \(error.rawValue)")
    }
    return try child()
  }

  /// The first function that is a virtio device: the machine has no other.
  private static func function() -> PCIFunction? {
    var next = PCISystem.function(after: nil)
    while let function = next {
      if function.driver == .virtio { return function }
      next = PCISystem.function(after: function.address)
    }
    return nil
  }

  private static func child() throws(TestFailure) -> DeviceNode {
    let deadline = Clock.nanoseconds &+ patience
    while Clock.nanoseconds < deadline {
      if let device = DeviceTree.find(.virtio, ("virtio0" as Message).bytes), device.driver != nil {
        _ = DeviceTree.settle(device, timeoutNanoseconds: patience)
        try expect(device.state == .running, "the driver does not work")
        return device
      }
      do throws(Errno) { try Scheduler.sleep(nanoseconds: 5_000_000) } catch {}
    }
    throw TestFailure(reason: "the function has no virtio device")
  }
}

private final class BusType: DriverType {
  init() { super.init("virtio-pci", .pci) }

  override func matches(_ device: DeviceNode) -> Bool { device.function?.driver == .virtio }
  override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { VirtioBusDriver() }
}
