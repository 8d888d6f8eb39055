public import DriverKit
public import Foundations
import Machine
import VFS

/// The files of a device, while it has a driver.
///
/// A driver that replaces one that failed goes on with the files of that one, so those who have them open notice a pause at most.
public final class DeviceFilePublication: Publication {
  private struct File {
    let entry: DeviceFileEntry
    let opener: SpecialFileOpener
    let place: DevicePlace
  }

  /// Who answers.
  public let server: DeviceFileServer
  /// Which of several publications of one driver this is.
  private let ordinal: Int
  private var templates = GrowableArray<DeviceFileTemplate>()
  private var files = GrowableArray<File>()
  /// Whether they are there, as far as they are to be.
  private var isShown = false

  /// Describes files that `server` answers for, and none yet.
  ///
  /// - Parameter ordinal: tells apart what one driver publishes under the same templates.
  public init(_ server: DeviceFileServer, ordinal: Int = 0) {
    (self.server, self.ordinal) = (server, ordinal)
    super.init()
  }

  /// Adds a file.
  ///
  /// - Throws: `ENOMEM`.
  public func add(_ template: DeviceFileTemplate) throws(Errno) { try templates.append(template) }

  /// Makes the files, and puts them on record.
  ///
  /// - Returns: the server that answers from now on: this one's, or that of a driver before, whose files stay.
  /// - Throws: `EBUSY`, `ENOSPC`, `EEXIST`, `ENOMEM`; then there are no files.
  /// - Context: the device's thread, once.
  public func publish(through context: DriverContext) throws(Errno) -> DeviceFileServer {
    let kept = try context.publish { () throws(Errno) in self }
    if kept !== self, let kept = kept as? DeviceFilePublication { return kept.server }
    try Containment.outside { () throws(Errno) in try show() }
    return server
  }

  /// Makes the files, of a publication that is part of another and on record with that.
  ///
  /// - Throws: as `publish`; then there are no files.
  /// - Context: a thread without locks.
  public func show() throws(Errno) {
    do throws(Errno) {
      for index in 0..<templates.count {
        do throws(Errno) { try show(templates[index]) } catch {
          guard templates[index].isOptional, error == .EBUSY || error == .EEXIST else { throw error }
        }
      }
      isShown = true
    } catch {
      hide()
      throw error
    }
  }

  private func show(_ template: DeviceFileTemplate) throws(Errno) {
    try files.reserveCapacity(files.count + 1)
    let entry = try DeviceFileEntry(template, server)
    let opener = DeviceFileOpener(entry)
    let minor = entry.number.minor
    try SpecialFiles.register(template.kind, major: entry.number.major, minors: minor..<minor + 1, opener)
    do throws(Errno) {
      try files.append(File(entry: entry, opener: opener, place: try DevicePlaces.place(entry)))
    } catch {
      SpecialFiles.unregister(opener)
      throw error
    }
  }

  private func hide() {
    isShown = false
    while let file = files.popLast() {
      file.place.remove()
      SpecialFiles.unregister(file.opener)
    }
  }

  /// Tells programs that something about the files has changed that they may read in /sys.
  ///
  /// - Context: a thread without locks.
  public func announceChange() {
    for index in 0..<files.count { files[index].place.announceChange() }
  }

  /// How many files there are now.
  public var fileCount: Int { files.count }

  /// Runs `body` with each file that there is now.
  ///
  /// - Context: the device's thread.
  public func forEachEntry(_ body: (DeviceFileEntry) -> Void) {
    for index in 0..<files.count { body(files[index].entry) }
  }

  public override func withdraw() {
    hide()
    server.withdraw()
  }

  public override func continues(as successor: Publication) -> Bool {
    guard let successor = successor as? DeviceFilePublication, successor.ordinal == ordinal,
      successor.templates.count == templates.count, isShown, !server.isGone
    else { return false }
    for index in 0..<templates.count where !templates[index].isSame(as: successor.templates[index]) { return false }
    return true
  }
}
