import DeviceModels
import Foundations

@testable import PlatformDrivers

/// A 6300ESB: the registers' rules come from the spec, the keys and the stages from here.
final class WatchdogDevice {
  typealias Memory = I6300ESBModel
  typealias Configuration = I6300ESBConfigurationModel

  let memory = DeviceModel(Memory.layout)
  let configuration = DeviceModel(Configuration.layout)
  /// How many keys have come in order.
  private var keys = 0
  /// Writes that came without their keys.
  private(set) var lockedWrites = 0
  /// How often the first stage was begun anew.
  private(set) var reloads = 0
  private(set) var timeouts: [UInt64] = []

  init() {
    memory.onWrite[Memory.unlockFirst] = { [unowned self] _, _, _ in keys = 1 }
    memory.onWrite[Memory.unlockSecond] = { [unowned self] _, _, _ in keys = keys == 1 ? 2 : 0 }
    memory.onWrite[Memory.firstPreload] = { [unowned self] _, _, value in if takeKeys() { timeouts.append(value) } }
    memory.onWrite[Memory.secondPreload] = { [unowned self] _, _, value in if takeKeys() { timeouts.append(value) } }
    memory.onWrite[Memory.reload] = { [unowned self] _, _, value in
      if takeKeys() && value & 0x100 != 0 { reloads += 1 }
    }
    configuration.onWrite[Configuration.lock] = { [unowned self] model, _, _ in
      // Once locked it stays as it was.
      if let locked { model[Configuration.lock] = locked }
      if model[Configuration.Lock.isLocked] == 1 { locked = model[Configuration.lock] }
    }
  }

  private var locked: UInt64?

  /// Locks the register as it is.
  func lock() {
    configuration[Configuration.Lock.isLocked] = 1
    locked = configuration[Configuration.lock]
  }

  private func takeKeys() -> Bool {
    defer { keys = 0 }
    if keys != 2 { lockedWrites += 1 }
    return keys == 2
  }

  var isRunning: Bool { configuration[Configuration.Lock.isEnabled] == 1 }
  var violations: [DeviceModel.Violation] { memory.violations + configuration.violations }

  func makeTimer() -> I6300ESBTimer<DeviceModel, DeviceModel> { I6300ESBTimer(memory, configuration) }
}
