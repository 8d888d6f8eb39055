import Foundations
import KernelEvents
import Machine
import Synchronization
import VFS
import Waiting

/// Sending. The rules are those of Linux's `netlink_sendmsg`.
extension NetlinkEndpoint {
  /// Sends all of `buffer` as one message: to a group if `target` has one, and to a port if it has one. It has a port itself.
  ///
  /// The kernel takes no messages on this protocol; what goes to a group is not refused for that.
  ///
  /// - Throws: `ENODATA` for nothing, `EMSGSIZE`, `ECONNREFUSED`, `EAGAIN`, `EINTR`, `ENOMEM`, `EFAULT`.
  func send(
    _ buffer: inout IOBuffer, to target: NetlinkAddress, _ identity: SocketIdentity, _ patience: SocketPatience
  ) throws(Errno) -> Int {
    let count = buffer.remaining
    guard count > 0 else { throw .ENODATA }
    let port = NetlinkTable.port(of: self)
    guard count <= sendLimit.load(ordering: .relaxed) - 32 else { throw .EMSGSIZE }
    guard target.port != 0 || target.group != 0 else { throw .ECONNREFUSED }
    let message = try NetlinkMessage.make(of: &buffer, identity, port: port, group: target.group)
    if target.group != 0 { Self.broadcast(message, except: self, port: target.port) }
    if target.port != 0 { try send(message, toPort: target.port, from: port, patience) }
    return count
  }

  /// Gives `message` to all who listen to its group.
  ///
  /// - Parameters:
  ///   - sender: who does not get it; nil for the kernel.
  ///   - port: whose owner does not get it either, as it does by itself; 0 for nobody.
  static func broadcast(_ message: NetlinkMessage, except sender: NetlinkEndpoint?, port: UInt32) {
    forEachListener(to: message.group) { endpoint in
      if endpoint === sender || port != 0 && NetlinkTable.port(of: endpoint) == port { return }
      endpoint.receiveBroadcast(message)
    }
  }

  /// Calls `body` with each that listens to a group.
  static func forEachListener(to group: UInt32, _ body: (NetlinkEndpoint) -> Void) {
    let bit = NetlinkAddress(port: 0, group: group).groups
    // One at a time: the table's lock is not held while somebody is served.
    var serial: UInt64 = 0
    while let endpoint = NetlinkTable.next(after: serial) {
      serial = endpoint.serial
      if endpoint.state.withLock({ $0.groups & bit != 0 }) { body(endpoint) }
    }
  }

  private func send(
    _ message: NetlinkMessage, toPort target: UInt32, from port: UInt32, _ patience: SocketPatience
  ) throws(Errno) {
    while true {
      guard let other = NetlinkTable.find(port: target) else { throw .ECONNREFUSED }
      guard other.state.withLock({ !$0.isConnected || $0.peer.port == port }) else { throw .ECONNREFUSED }
      switch try other.deliver(message) {
      case .sent, .filtered: return
      case .gone: throw .ECONNREFUSED
      case .full:
        try patience.wait(in: other.room, for: .all) {
          let limit = other.costLimit.load(ordering: .relaxed)
          return other.state.withLock { $0.isDead || !$0.isCongested && $0.queue.cost <= limit }
        }
      }
    }
  }
}

/// Takes the kernel's events to those that listen to group 1.
final class NetlinkEvents: KernelEventReceiver {
  /// Source: Linux lib/kobject_uevent.c.
  private static let group: UInt32 = 1

  override func receive(_ text: Span<UInt8>) {
    do throws(Errno) {
      let message = try IOBuffer.withBuffer(draining: text) { buffer throws(Errno) in
        try NetlinkMessage.make(of: &buffer, .kernel, port: 0, group: Self.group)
      }
      NetlinkEndpoint.broadcast(message, except: nil, port: 0)
    } catch {
      NetlinkEndpoint.forEachListener(to: Self.group) { $0.noteLoss() }
    }
  }
}
