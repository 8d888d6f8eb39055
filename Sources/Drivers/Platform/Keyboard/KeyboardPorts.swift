import DriverKit
import Foundations
import Machine
import Registers

/// Where firmware says that the controller of keyboard and mouse is.
struct KeyboardPlace: Equatable, Sendable {
  /// How far apart the two ports are in every PC.
  static let usualDistance: UInt16 = 4

  /// The port of the controller's output and input.
  var data = I8042.keyboard
  /// The port of its status and commands.
  var command = I8042.keyboard + Self.usualDistance

  /// That of every PC.
  init() {}

  /// Where `device` is: two ports of one byte each, the first for data; the usual ones where firmware says something else.
  init(_ device: FirmwareDevice) {
    guard let first = device.resources.ports(0), let second = device.resources.ports(1), first.count == 1,
      second.count == 1
    else { return }
    (data, command) = (first.first, second.first)
  }
}

/// The controller's two ports, between which another device's stand. They belong to the kernel until they are given up.
///
/// - Context: one caller at a time.
final class KeyboardPortHolder {
  private struct Contents: ~Copyable {
    var data: PortSpace?
    var command: PortSpace?
  }

  private var contents: Contents

  /// - Throws: `EBUSY` when somebody has them.
  static func claim(_ place: KeyboardPlace, _ context: DriverContext) throws(Errno) -> KeyboardPortHolder {
    let data = try context.claimPorts(place.data, count: 1)
    let command = try context.claimPorts(place.command, count: 1)
    return KeyboardPortHolder(data, command)
  }

  private init(_ data: consuming PortSpace, _ command: consuming PortSpace) {
    contents = Contents(data: data, command: command)
  }

  /// Gives the ports up: they read as all ones from now on.
  func release() {
    contents.data = nil
    contents.command = nil
  }

  func readData() -> UInt8 { Self.read(contents.data) }
  func readStatus() -> UInt8 { Self.read(contents.command) }
  func writeData(_ value: UInt8) { Self.write(contents.data, value) }
  func writeCommand(_ value: UInt8) { Self.write(contents.command, value) }

  // Their own functions, because a noncopyable value cannot be borrowed out of an optional in an expression.

  private static func read(_ space: borrowing PortSpace?) -> UInt8 {
    switch space {
    case .some(let space): space.read8(at: 0)
    case .none: .max
    }
  }

  private static func write(_ space: borrowing PortSpace?, _ value: UInt8) {
    switch space {
    case .some(let space): space.write8(value, at: 0)
    case .none: return
    }
  }
}

/// The controller's registers as its driver reaches them, who rests now and then while it waits for the controller.
struct KeyboardPorts: ByteRegisterSpace {
  private static let commandOffset = 4

  let holder: KeyboardPortHolder
  let pace: KeyboardPace

  func read8(at offset: Int) -> UInt8 {
    guard offset == Self.commandOffset else {
      pace.noteProgress()
      return offset == 0 ? holder.readData() : .max
    }
    pace.noteLook()
    return holder.readStatus()
  }

  func write8(_ value: UInt8, at offset: Int) {
    pace.noteProgress()
    switch offset {
    case 0: holder.writeData(value)
    case Self.commandOffset: holder.writeCommand(value)
    default: return
    }
  }
}

/// Lets others run while a driver looks at the status again and again: a self test may take a second.
final class KeyboardPace {
  /// Looks in a row after which there is a rest.
  private static let limit = 4_096
  /// How long that is, in microseconds.
  private static let rest: UInt64 = 50

  private let context: DriverContext
  private var lookCount = 0

  init(_ context: DriverContext) { self.context = context }

  func noteProgress() { lookCount = 0 }

  func noteLook() {
    lookCount += 1
    guard lookCount >= Self.limit else { return }
    lookCount = 0
    context.sleep(microseconds: Self.rest)
  }
}
