//! The settings of a file and their rows of the table. [`Config`](crate::Config) documents what is made of each.

use super::{RawPages, group, whole};
use crate::table::{list, number, optional, required, text};

whole! {
    /// The settings as typed. [`Config`](crate::Config) documents what is made of each.
    Raw {
        /// Directory of the store, the keys and the control socket, on a local disk. Relative paths begin at the configuration file.
        data: String = required()
            .chinese("存放数据、密钥和控制套接字的目录，须在本机磁盘上；相对路径从配置文件所在目录算起"),
        /// Divisions whose nodes this process hosts, by code; those enrolled in the data directory if neither this nor `subtree` is set.
        nodes: Vec<String> = required()
            .chinese("本进程承载哪些单位的节点（代码）；与 subtree 都不写时，是数据目录里已入网的单位"),
        /// A division that is hosted together with every one below it that has a node.
        subtree: String = optional()
            .chinese("承载这个单位和它下面所有有节点的单位"),
        /// Divisions that are left out of `subtree`, each with everything below it.
        except: Vec<String> = optional()
            .chinese("subtree 中不承载的单位，连同其下级"),
        /// Address where neighbours connect; port 0 takes any free port.
        listen: String = text("[::]:7450")
            .chinese("邻居连接的地址；端口 0 表示任意空闲端口"),
        /// DNS zone of the division names, the same in the whole network; that of the data directory if it is not set.
        zone: String = required()
            .chinese("单位域名所在的 DNS 区，全网相同；不写时取数据目录里的"),
        /// CSV file of divisions, instead of the list of Zhejiang that comes with the program.
        topology: String = optional().file()
            .chinese("行政区划 CSV 文件；不写时用程序自带的浙江省名单"),
        /// Map (GeoJSON) that places of reports are checked against, or `off`; without it the sketch map that comes with the program.
        outlines: String = optional().file()
            .chinese("核对上报地点用的地图（GeoJSON），或 off；不写时用程序自带的示意图"),
        /// Addresses of the parent, tried in order; without them it is found by DNS (SRV). Counts from the next dial.
        parent: Vec<String> = optional().live()
            .chinese("上级的地址，依次尝试；不写时由 DNS（SRV）查到；从下一次拨号起生效"),
    }
    groups {
        /// `[dns]`
        dns: RawDns,
        /// `[http]`
        http: RawHttp,
        /// `[pages]`
        pages: RawPages,
        /// `[telemetry]`
        telemetry: RawTelemetry,
        /// `[limits]`
        limits: RawLimits,
        /// `[store]`
        store: RawStore,
        /// `[links]`
        links: RawLinks,
        /// `[webhooks]`
        webhooks: RawWebhooks,
        /// `[oidc]`
        oidc: RawOidc,
    }
}

group! {
    /// `[dns]` as typed; see [`Dns`](crate::Dns).
    RawDns {
        /// Resolvers that are asked for the parent's address, on port 53 unless another is given; without them those of the machine.
        servers: Vec<String> = optional().live()
            .chinese("查上级地址时询问的 DNS 服务器，默认 53 端口；不写时用本机的"),
    }
}

group! {
    /// `[http]` as typed; see [`Http`](crate::Http).
    RawHttp {
        /// Address of the listener for pages, API, health and metrics, without TLS; or `off`.
        listen: String = text("127.0.0.1:7480")
            .chinese("页面、接口、健康检查和指标的监听地址（无 TLS），或 off"),
        /// Host names that a request may ask for, without port.
        hosts: Vec<String> = list(&["localhost", "127.0.0.1", "[::1]"]).live()
            .chinese("请求可以使用的主机名，不带端口"),
        /// Reverse proxies whose `X-Forwarded-For` is trusted.
        proxies: Vec<String> = optional().live()
            .chinese("信任其 X-Forwarded-For 的反向代理"),
        /// Sites whose pages may send requests from a visitor's browser (CORS).
        origins: Vec<String> = optional().live()
            .chinese("哪些网站的页面可以从访问者的浏览器发请求（CORS）"),
    }
}

group! {
    /// `[telemetry]` as typed; see [`Telemetry`](crate::Telemetry).
    RawTelemetry {
        /// Collector that takes traces over OTLP/gRPC, `http://host:port`; without it none are exported.
        otlp: String = optional()
            .chinese("接收链路追踪的 OTLP/gRPC 采集器，http://主机:端口；不写则不导出"),
        /// Filter of log lines: a level, or levels by crate such as `info,wujitong_peer=debug`.
        log: String = text("info").live()
            .chinese("日志过滤：级别，或按模块写，如 info,wujitong_peer=debug"),
        /// Format of log lines: `text` for people, `json` for a log store.
        log_format: String = text("text")
            .chinese("日志格式：text 给人看，json 给日志系统"),
        /// Name of the process in exported traces (`service.name`).
        service_name: String = text("wujitong")
            .chinese("导出的链路追踪中的服务名（service.name）"),
    }
}

group! {
    /// `[limits]` as typed; see [`Limits`](crate::Limits).
    RawLimits {
        /// Longest time from the first byte of a connection until both sides are authenticated.
        handshake_timeout_s: i64 = number(5, 1, 60, "s")
            .hint("5 is plenty even over a satellite", "卫星线路上 5 秒也够")
            .chinese("从连接的第一个字节到双方完成认证的最长时间"),
        /// Most open connections of neighbours from one address; the process's own are not counted.
        connections_per_address: i64 = number(1_024, 1, 100_000, "")
            .hint("a host with many nodes dials from one address: count its links", "承载很多节点的主机从同一地址拨号，请数它的链路")
            .chinese("同一地址的邻居最多打开的连接数；进程自身的不计"),
        /// Most open HTTP connections from one address; those of `http.proxies` aside.
        http_connections_per_address: i64 = number(256, 1, 100_000, "")
            .hint("name a reverse proxy in `http.proxies` instead", "有反向代理的，请写进 http.proxies")
            .chinese("同一地址最多打开的 HTTP 连接数；http.proxies 中的除外"),
        /// Most concurrent HTTP/2 streams on a connection of a neighbour.
        streams_per_connection: i64 = number(8, 1, 256, "")
            .hint("a link needs one, and one more for each concurrent request", "一条链路要一个，每个并发请求再加一个")
            .chinese("邻居的一个连接上最多并发的 HTTP/2 流"),
        /// Longest message on a link.
        frame_kib: i64 = number(1_024, 512, 4_096, "KiB")
            .hint("a matter with its text and all remarks must fit", "一个事项连同正文和全部意见要放得下")
            .chinese("链路上最长的消息"),
        /// Most unacknowledged envelopes in flight in one lane of one link.
        window: i64 = number(8_192, 1, 65_536, "")
            .hint("fewer save memory, more fill a long link", "少则省内存，多则能填满长距离链路")
            .chinese("一条链路的一条通道上最多在途未确认的信封数"),
        /// Most bytes in flight over all links together.
        memory_mib: i64 = number(32, 4, 65_536, "MiB")
            .hint("it is divided by the number of links", "按链路数平分")
            .chinese("全部链路在途字节合计上限"),
        /// Most envelopes that one neighbour may send in a second.
        envelopes_per_s: i64 = number(100_000, 1, 10_000_000, "1/s")
            .hint("it is for one neighbour, not for all together", "是一个邻居的上限，不是合计")
            .chinese("一个邻居每秒最多发来的信封数"),
        /// Most reports that may wait for their commit before new ones are turned away.
        reports: i64 = number(4_096, 1, 1_000_000, "")
            .hint("it is a queue, not a rate", "是排队数，不是速率")
            .chinese("最多有多少上报等待落盘，超过即暂不受理"),
        /// Most HTTP requests from one address, tenfold in a burst.
        requests_per_address_s: i64 = number(200, 1, 1_000_000, "1/s").live()
            .hint("behind a proxy that is not in `http.proxies` all people have one address", "未写进 http.proxies 的代理后面，所有人是同一地址")
            .chinese("同一地址每秒最多的 HTTP 请求数，突发可到十倍"),
        /// Most HTTP requests of one account or API key, tenfold in a burst.
        requests_per_caller_s: i64 = number(50, 1, 1_000_000, "1/s").live()
            .hint("raise it for programs that ask often", "有程序频繁调用的可调高")
            .chinese("一个账号或接口密钥每秒最多的 HTTP 请求数，突发可到十倍"),
        /// Most logins from one address; requests with a slip may be twenty times as many.
        logins_per_address_min: i64 = number(30, 1, 100_000, "1/min").live()
            .hint("a hall shares one address; fewer make passwords harder to guess", "一个大厅共用一个地址；调低则密码更难猜")
            .chinese("同一地址每分钟最多的登录次数；持回执条的请求可到二十倍"),
        /// Most reports without an account from one address.
        reports_per_address_min: i64 = number(10, 1, 100_000, "1/min").live()
            .hint("a village may share one address of a mobile operator", "一个村可能共用运营商的一个地址")
            .chinese("同一地址每分钟最多的匿名上报数"),
    }
}

group! {
    /// `[store]` as typed; see [`Store`](crate::Store).
    RawStore {
        /// Storage engine; `sled` is the only one.
        engine: String = text("sled")
            .chinese("存储引擎；目前只有 sled"),
        /// Page cache of the engine.
        cache_mib: i64 = number(8, 1, 65_536, "MiB")
            .hint("8 serves a village, 64 a county", "村 8，县 64")
            .chinese("存储引擎的页缓存"),
    }
}

group! {
    /// `[links]` as typed; see [`Links`](crate::Links).
    RawLinks {
        /// First wait after a neighbour was not reached; it doubles each time.
        backoff_min_ms: i64 = number(100, 10, 60_000, "ms")
            .hint("the wait before the second try", "第二次尝试前的等待")
            .chinese("连不上邻居后的第一次等待，之后逐次加倍"),
        /// Longest such wait.
        backoff_max_ms: i64 = number(500, 100, 3_600_000, "ms")
            .hint("the wait between two tries at most", "两次尝试之间最长的等待")
            .chinese("这种等待的上限"),
        /// Silence after which a link is tested; after as long again it is given up.
        keep_alive_s: i64 = number(20, 1, 600, "s")
            .hint("it must be shorter than the idle timeout of firewalls", "须短于防火墙的空闲超时")
            .chinese("多久没有动静就探测链路；再过同样久就放弃"),
        /// Silence after which a link is given up while something waits for the neighbour's answer.
        answer_s: i64 = number(10, 1, 600, "s")
            .hint("less detects a dead link sooner, more tolerates a slower one", "小则早发现断线，大则容忍慢线")
            .chinese("等邻居答复时，多久没有动静就放弃链路"),
        /// Least time between two sendings of the same figure.
        figures_pace_ms: i64 = number(250, 0, 60_000, "ms")
            .hint("more saves traffic, less makes figures fresher", "大则省流量，小则数字更新")
            .chinese("同一个数字两次上送的最短间隔"),
        /// Time between two messages that tell a neighbour that it has everything.
        watermark_pace_ms: i64 = number(10_000, 100, 600_000, "ms")
            .hint("more saves traffic, less makes knowledge of other nodes fresher", "大则省流量，小则对其他节点的了解更新")
            .chinese("多久告诉邻居一次“你已收到全部”"),
        /// Days after the end of a child's certificate in which the child comes back without a person; 0 asks a person each time.
        readmit_days: i64 = number(60, 0, 365, "d")
            .hint("0 asks a person each time, 60 lets a village come back that was snowed in", "0 每次都要人同意，60 让断网两个月的村自动回归")
            .chinese("下级证书到期后多少天内可以不经人同意自动回归；0 每次都要人同意"),
    }
}

group! {
    /// `[webhooks]` as typed; see [`Webhooks`](crate::Webhooks).
    RawWebhooks {
        /// Addresses and networks that are not public but may be reached by webhooks all the same, also without TLS.
        allow: Vec<String> = optional()
            .chinese("虽非公网、但允许推送的地址和网段，可不用 TLS"),
        /// PEM file with the authorities that vouch for receivers, instead of the machine's own.
        roots: String = optional().file()
            .chinese("为接收方作证的 CA 证书（PEM），不写时用本机的"),
    }
}

group! {
    /// `[oidc]` as typed; see [`Oidc`](crate::Oidc).
    RawOidc {
        /// URL of the OpenID Connect provider, exactly as it states it. The whole group is off unless something of it is set.
        issuer: String = optional().live()
            .chinese("OpenID Connect 提供方的网址，与它自己写的完全一致；本组一项都不写即不用"),
        /// The client id that the provider has for this process.
        client_id: String = optional().live()
            .chinese("提供方给本进程的 client id"),
        /// File with the client secret, readable by its owner only. Either this or `oidc.client_secret`.
        client_secret_file: String = optional().live().secret_file()
            .chinese("存放 client secret 的文件，只有属主可读；与 oidc.client_secret 二选一"),
        /// The client secret itself, best in the environment; in a file that only its owner may read.
        client_secret: String = optional().live().secret()
            .chinese("client secret 本身，最好放在环境变量里；写在文件里时文件须只有属主可读"),
        /// URL where browsers reach this process.
        public_url: String = optional().live()
            .chinese("浏览器访问本进程的网址"),
        /// Scopes asked of the provider; `openid` is among them.
        scopes: Vec<String> = list(&["openid"]).live()
            .chinese("向提供方请求的 scope，其中须有 openid"),
        /// The claim of the ID token that names a person.
        claim: String = text("sub").live()
            .chinese("ID 令牌中标识人的 claim"),
        /// PEM file with the authorities that vouch for the provider, instead of the machine's own.
        roots: String = optional().live().file()
            .chinese("为提供方作证的 CA 证书（PEM），不写时用本机的"),
    }
}
