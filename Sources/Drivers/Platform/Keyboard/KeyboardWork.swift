import DriverKit
import Foundations
import Input
import KeyboardDriver
import Logging
import Machine

/// What the driver of a keyboard's controller does, wherever the registers are.
///
/// - Context: the device's thread.
final class KeyboardWork<Space: RegisterSpace & ~Copyable> {
  /// The number of the keyboard's interrupt.
  static var keyboardInterrupt: Int { 0 }
  /// The number of the mouse's.
  static var mouseInterrupt: Int { 1 }
  /// How long devices that were told to send something at once may take to interrupt, in microseconds: far longer than they do, because a
  /// virtual machine may stand still meanwhile.
  private static var interruptLimit: UInt64 { 100_000 }
  /// How many other interrupts may come before that.
  private static var strangerLimit: Int { 8 }
  /// How often devices that do not interrupt are asked, in nanoseconds.
  private static var pollInterval: UInt64 { 10_000_000 }
  /// Interrupts in a row for which there was no byte, after which the controller is asked instead: its lines never rest.
  static var stormLimit: Int { 10_000 }
  /// How often, and how long each time, in microseconds, keys that are down are waited for before a rest: the one that began it is let
  /// go soon.
  private static var releaseLimit: Int { 20 }
  private static var releaseInterval: UInt64 { 100_000 }

  private let unit: KeyboardUnit<Space>
  private let keeper: KeyboardKeeper
  private let devices: KeyboardDevices
  /// Whether the keyboard's interrupts arrive, and with them those of the controller.
  private var isConnected = false
  /// Whether it is asked now and then.
  private(set) var isPolling = false
  private var idleInterruptCount = 0

  private init(_ unit: KeyboardUnit<Space>, _ keeper: KeyboardKeeper, _ devices: KeyboardDevices) {
    (self.unit, self.keeper, self.devices) = (unit, keeper, devices)
  }

  // MARK: Beginning

  /// Tests and sets up the controller at `space`, and shows what is plugged in.
  ///
  /// - Parameter pollLimit: as of `KeyboardController.init`.
  /// - Throws: `ENODEV` when there is none that works, `EIO` when there was one and it does not work any more; `ENOMEM`.
  static func begin(
    _ space: consuming Space, _ keeper: KeyboardKeeper, pollLimit: Int = 50_000, _ context: DriverContext
  ) throws(Errno) -> KeyboardWork {
    let isAnother = keeper.hasWorked
    let unit: KeyboardUnit<Space>
    do throws(KeyboardControllerError) {
      unit = KeyboardUnit(try KeyboardController(space, pollLimit: pollLimit))
    } catch {
      let reason = error.text
      context.log(isAnother ? .error : .info, "no keyboard controller: \(reason)")
      throw isAnother && error != .notPresent ? .EIO : .ENODEV
    }
    let identity = unit.identity
    let devices = try context.outside { () throws(Errno) in try keeper.show(identity) }
    if isAnother {
      unit.forgetLights()
    } else if let mouse = devices.mouse {
      let name = mouse.name
      context.log(.info, name)
    }
    return KeyboardWork(unit, keeper, devices)
  }

  /// Lets the devices interrupt, or has them asked where that does not work.
  ///
  /// - Parameter connect: has the interrupt of that number arrive; false when that cannot be done.
  /// - Throws: `EIO` when the controller's output never ends.
  func start(_ context: DriverContext, connect: (Int) -> Bool) throws(Errno) {
    let hasMouseLine = unit.hasMouse && connect(Self.mouseInterrupt)
    if connect(Self.keyboardInterrupt) { isConnected = try startInterrupts(context) }
    var isMouseHeard = false
    if isConnected, hasMouseLine { isMouseHeard = try mouseInterrupts(context) }
    if !isConnected {
      stopInterrupts()
      context.log(.warning, "the keyboard does not interrupt, and is asked instead")
      startPolling(context)
    } else if unit.hasMouse, !isMouseHeard {
      context.log(.warning, "the mouse does not interrupt, and is asked instead")
      startPolling(context)
    }
    if isConnected { context.noteWakes() }
    unit.follow(devices)
  }

  private func startInterrupts(_ context: DriverContext) throws(Errno) -> Bool {
    do throws(KeyboardControllerError) { try unit.startInterrupts() } catch { return false }
    // What came before would keep a line that tells of changes from changing.
    _ = try take()
    // One that is not there yet is believed to interrupt.
    guard unit.hasKeyboard else { return true }
    unit.provokeKeyboard()
    return try hasInterrupted(Self.keyboardInterrupt, context)
  }

  private func mouseInterrupts(_ context: DriverContext) throws(Errno) -> Bool {
    unit.provokeMouse()
    return try hasInterrupted(Self.mouseInterrupt, context)
  }

  /// Whether interrupt `number` comes; what other interrupts come for meanwhile is served.
  private func hasInterrupted(_ number: Int, _ context: DriverContext) throws(Errno) -> Bool {
    for _ in 0..<Self.strangerLimit {
      guard let arrived = context.waitForInterrupt(microseconds: Self.interruptLimit) else { break }
      _ = try take()
      if arrived == number { return true }
    }
    return false
  }

  private func startPolling(_ context: DriverContext) {
    isPolling = true
    context.arm(after: Self.pollInterval)
  }

  // MARK: Working

  /// Takes what has come.
  ///
  /// - Returns: how many bytes.
  /// - Throws: `EIO` when there is no end of them.
  private func take() throws(Errno) -> Int {
    do throws(KeyboardControllerError) { return try unit.serve(devices) } catch { throw .EIO }
  }

  /// Serves an interrupt. Too many in a row for which nothing has come end them.
  ///
  /// - Throws: `EIO` when the controller's output never ends.
  func interrupt(_ context: DriverContext) throws(Errno) {
    guard try take() == 0 else {
      idleInterruptCount = 0
      return
    }
    idleInterruptCount += 1
    guard idleInterruptCount >= Self.stormLimit else { return }
    (idleInterruptCount, isConnected) = (0, false)
    stopInterrupts()
    context.log(.warning, "interrupts without end, and is asked instead")
    startPolling(context)
  }

  /// Asks devices that do not interrupt.
  ///
  /// - Throws: as `interrupt`.
  func poll(_ context: DriverContext) throws(Errno) {
    guard isPolling else { return }
    _ = try take()
    context.arm(after: Self.pollInterval)
  }

  /// Does what is wanted of the keyboard.
  func follow() {
    let keeper = keeper
    Containment.outside { keeper.orders.noteTaken() }
    unit.follow(devices)
  }

  /// How the controller is. A byte whose interrupt was lost is taken.
  func checkHealth() -> DriverHealth {
    guard unit.isPresent else { return .failed }
    do throws(Errno) { _ = try take() } catch { return .failed }
    return isPolling ? .degraded : .good
  }

  // MARK: Rest and end

  /// Lets the devices rest; those that are to wake the machine go on to interrupt.
  ///
  /// - Throws: `EIO` when the controller's output never ends.
  func suspend(_ context: DriverContext) throws(Errno) {
    context.arm(after: nil)
    guard context.device.wakes, isConnected else { return stopInterrupts() }
    // That a key is let go, with which somebody has asked for the rest, would end it at once.
    _ = try take()
    for _ in 0..<Self.releaseLimit where !isAtRest {
      _ = context.waitForInterrupt(microseconds: Self.releaseInterval)
      _ = try take()
    }
    // What was taken already wakes nobody. No more than a byte of each device can come before the machine rests.
    for _ in 0..<4 where context.waitForInterrupt(microseconds: 0) != nil { _ = try take() }
  }

  private var isAtRest: Bool {
    let devices = devices
    return Containment.outside { devices.isAtRest }
  }

  /// Lets the devices go on. What has woken the machine is reported.
  ///
  /// - Throws: `EIO` when the controller does not take commands any more.
  func resume(_ context: DriverContext) throws(Errno) {
    _ = try take()
    if isConnected {
      do throws(KeyboardControllerError) { try unit.startInterrupts() } catch { throw .EIO }
      _ = try take()
    }
    if isPolling { startPolling(context) }
  }

  /// Keeps the devices from interrupting.
  func stopInterrupts() {
    // One that does not take that either is not heard any more.
    do throws(KeyboardControllerError) { try unit.stopInterrupts() } catch {}
  }
}
