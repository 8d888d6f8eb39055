public import Foundations
import Machine
import Synchronization
public import Waiting

/// All input devices of the machine, and who wants their events.
public enum InputDevices {
  private struct State: ~Copyable {
    var devices = GrowableArray<InputDevice>()
    var handlers = GrowableArray<InputHandler>()
    var nextNumber: UInt32 = 0
  }

  private static let all = BootCell<SpinLock<State>>()
  /// Whether devices or handlers come or go: one at a time, so that each handler connects to each device once.
  private static let isChanging = Atomic<Bool>(false)
  private static let changes = WaitQueue()
  /// How often devices or handlers have come or gone.
  private static let changeCount = Atomic<UInt64>(0)
  private static let listReaders = WaitQueue()

  /// A number that is another one whenever devices or handlers have come or gone.
  ///
  /// - Context: any.
  public static var generation: UInt64 { changeCount.load(ordering: .acquiring) }

  /// Runs `body` with the queue that is woken when `generation` changes.
  public static func withChangeQueue(_ body: (borrowing WaitQueue) -> Void) { body(listReaders) }

  private static func noteChange() {
    changeCount.wrappingAdd(1, ordering: .releasing)
    listReaders.wakeAll()
  }

  private static func changing<Result>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
    var isMine = false
    while !isMine {
      // Nothing was to interrupt the wait; if something does, it goes on.
      do throws(Errno) {
        try changes.wait(isExclusive: true, .nothing) {
          isChanging.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        }
        isMine = true
      } catch {}
    }
    defer {
      isChanging.store(false, ordering: .releasing)
      changes.wake()
    }
    return try body()
  }

  private static func withState<Result>(_ body: (inout State) throws(Errno) -> Result) throws(Errno) -> Result {
    if !all.isFilled { all.fill(SpinLock(State())) }
    guard let result = try all.withValue({ lock throws(Errno) in try lock.withLock(body) }) else { throw .ENOMEM }
    return result
  }

  /// Makes a device known: handlers connect to it.
  ///
  /// - Parameter parent: what it is a part of; nil for nothing that programs know.
  /// - Throws: `ENOMEM`, `EBUSY` for one that was registered before.
  /// - Context: a thread without locks.
  public static func register(_ device: InputDevice, below parent: InputParent? = nil) throws(Errno) {
    try changing { () throws(Errno) in try registerAlone(device, parent) }
  }

  private static func registerAlone(_ device: InputDevice, _ parent: InputParent?) throws(Errno) {
    let number = try withState { state throws(Errno) in
      let number = state.nextNumber
      state.nextNumber &+= 1
      return number
    }
    try device.begin(number: number, below: parent)
    do throws(Errno) {
      try withState { state throws(Errno) in try state.devices.append(device) }
    } catch {
      device.end()
      throw error
    }
    var index = 0
    while let handler = handler(index) {
      connect(handler, device)
      index += 1
    }
    noteChange()
  }

  /// A device is gone: who has it open is told, and nobody finds it any more.
  ///
  /// - Context: a thread without locks; after its driver has stopped to report.
  public static func unregister(_ device: InputDevice) {
    // It throws nothing.
    try? changing { () throws(Errno) in unregisterAlone(device) }
  }

  private static func unregisterAlone(_ device: InputDevice) {
    let wasKnown = try? withState { state throws(Errno) in
      for index in 0..<state.devices.count where state.devices[index] === device {
        _ = state.devices.remove(at: index)
        return true
      }
      return false
    }
    guard wasKnown == true else { return }
    device.end()
    noteChange()
  }

  /// Adds somebody who wants events of devices, also of those that are there.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread without locks.
  public static func add(_ handler: InputHandler) throws(Errno) {
    try changing { () throws(Errno) in try addAlone(handler) }
  }

  private static func addAlone(_ handler: InputHandler) throws(Errno) {
    try withState { state throws(Errno) in try state.handlers.append(handler) }
    var index = 0
    while let device = device(at: index) {
      connect(handler, device)
      index += 1
    }
    noteChange()
  }

  /// Forgets a handler: it hears of no new devices. What it has at those that are there stays.
  public static func remove(_ handler: InputHandler) {
    _ = try? withState { state throws(Errno) in
      for index in 0..<state.handlers.count where state.handlers[index] === handler {
        _ = state.handlers.remove(at: index)
        return
      }
    }
    noteChange()
  }

  /// Device number `index` of those that are there; nil behind the last.
  public static func device(at index: Int) -> InputDevice? {
    (try? withState { state throws(Errno) in index < state.devices.count ? state.devices[index] : nil }) ?? nil
  }

  /// Handler number `index` of those that there are, the first that came first; nil behind the last.
  public static func handler(_ index: Int) -> InputHandler? {
    (try? withState { state throws(Errno) in index < state.handlers.count ? state.handlers[index] : nil }) ?? nil
  }

  private static func connect(_ handler: InputHandler, _ device: InputDevice) {
    // A handler without memory for one more device leaves the others as they are.
    do throws(Errno) {
      guard let handle = try handler.connect(device) else { return }
      do throws(Errno) { try device.connect(handle) } catch { handle.disconnect() }
    } catch {}
  }
}
