public import Foundations
import Machine

/// What an inode has while it stands for something else: the pipe of a FIFO, the socket of a name.
open class SpecialFile {
  /// Creates it.
  public init() {}
}

/// Opens files of one kind, or one device: given by whoever has them.
open class SpecialFileOpener {
  /// Creates an opener.
  public init() {}

  /// What its driver is called in /proc/devices; empty for one that is not listed.
  open var driverName: StaticString { "" }

  /// Opens `inode`.
  open func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile { throw .ENXIO }
}

/// Who opens FIFOs and devices.
///
/// Devices come and go: a device that is gone is not opened any more, and those who have it open are told by its
/// driver.
public enum SpecialFiles {
  private struct Device: ~Copyable {
    let kind: FileKind
    let major: UInt32
    let minors: Range<UInt32>
    let opener: SpecialFileOpener
  }

  private struct State: ~Copyable {
    var devices = GrowableArray<Device>()
  }

  private static let devices = BootCell<SpinLock<State>>()
  private static let fifos = BootCell<SpecialFileOpener>()

  /// Sets who opens FIFOs; once.
  public static func setFIFOOpener(_ opener: SpecialFileOpener) { fifos.fill(opener) }

  /// Makes `opener` open the devices of a driver.
  ///
  /// - Parameters:
  ///   - kind: `.characterDevice` or `.blockDevice`.
  ///   - major: the driver.
  ///   - minors: which of its devices; not empty.
  /// - Throws: `EBUSY` when one is taken, `ENOMEM`.
  public static func register(
    _ kind: FileKind, major: UInt32, minors: Range<UInt32>, _ opener: SpecialFileOpener
  ) throws(Errno) {
    devices.fill(SpinLock(State()))
    let failure: Errno? =
      devices.withValue { lock in
        lock.withLock { state in
          for index in 0..<state.devices.count {
            let isSame = state.devices[index].kind == kind && state.devices[index].major == major
            if isSame && state.devices[index].minors.overlaps(minors) { return .EBUSY }
          }
          do throws(Errno) {
            try state.devices.append(Device(kind: kind, major: major, minors: minors, opener: opener))
            return nil
          } catch { return error }
        }
      } ?? nil
    if let failure { throw failure }
  }

  /// Ends what `register` began.
  public static func unregister(_ opener: SpecialFileOpener) {
    while true {
      let removed: SpecialFileOpener? =
        devices.withValue { lock in
          lock.withLock { state in
            for index in 0..<state.devices.count where state.devices[index].opener === opener {
              return state.devices.remove(at: index).opener
            }
            return nil
          }
        } ?? nil
      if removed == nil { return }
    }
  }

  /// The driver of devices of `kind` that has the lowest number above `major`, or of all; nil when there is none.
  public static func nextDriver(
    of kind: FileKind, after major: UInt32?
  ) -> (major: UInt32, name: StaticString)? {
    devices.withValue { lock in
      lock.withLock { state in
        var found: (major: UInt32, name: StaticString)?
        for index in 0..<state.devices.count where state.devices[index].kind == kind {
          let (number, name) = (state.devices[index].major, state.devices[index].opener.driverName)
          guard name.utf8CodeUnitCount > 0, major.map({ number > $0 }) ?? true else { continue }
          if found.map({ number < $0.major }) ?? true { found = (number, name) }
        }
        return found
      }
    } ?? nil
  }

  /// Opens a FIFO or a device.
  ///
  /// - Throws: `ENXIO` when nobody has it, and what its opener throws.
  static func open(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile {
    let opener: SpecialFileOpener?
    switch inode.kind {
    case .fifo: opener = fifos.withValue { $0 }
    case .characterDevice, .blockDevice: opener = find(inode.kind, inode.device)
    default: opener = nil
    }
    guard let opener else { throw .ENXIO }
    return try opener.open(request, inode)
  }

  /// Whether somebody opens `device`.
  public static func isKnown(_ kind: FileKind, _ device: DeviceNumber) -> Bool { find(kind, device) != nil }

  private static func find(_ kind: FileKind, _ device: DeviceNumber) -> SpecialFileOpener? {
    devices.withValue { lock in
      lock.withLock { state in
        for index in 0..<state.devices.count {
          let isSame = state.devices[index].kind == kind && state.devices[index].major == device.major
          if isSame && state.devices[index].minors.contains(device.minor) { return state.devices[index].opener }
        }
        return nil
      }
    } ?? nil
  }
}
