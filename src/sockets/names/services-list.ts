/**
 * The services that a host knows from the start, in the order and with the names of Debian's /etc/services: those of ports
 * below 1024, and the well-known ones above (IANA's registry says which is whose). A line: name, port, protocols, aliases.
 */
export const SERVICES = `\
tcpmux 1 tcp
echo 7 tcp/udp
discard 9 tcp/udp sink null
systat 11 tcp users
daytime 13 tcp/udp
netstat 15 tcp
qotd 17 tcp quote
chargen 19 tcp/udp ttytst source
ftp-data 20 tcp
ftp 21 tcp
fsp 21 udp fspd
ssh 22 tcp
telnet 23 tcp
smtp 25 tcp mail
time 37 tcp/udp timserver
whois 43 tcp nicname
tacacs 49 tcp/udp
domain 53 tcp/udp
bootps 67 udp
bootpc 68 udp
tftp 69 udp
gopher 70 tcp
finger 79 tcp
http 80 tcp www
kerberos 88 tcp/udp kerberos5 krb5 kerberos-sec
iso-tsap 102 tcp tsap
acr-nema 104 tcp dicom
pop3 110 tcp pop-3
sunrpc 111 tcp/udp portmapper
auth 113 tcp authentication tap ident
nntp 119 tcp readnews untp
ntp 123 udp
epmap 135 tcp loc-srv
netbios-ns 137 udp
netbios-dgm 138 udp
netbios-ssn 139 tcp
imap2 143 tcp imap
snmp 161 tcp/udp
snmp-trap 162 tcp/udp snmptrap
cmip-man 163 tcp/udp
cmip-agent 164 tcp/udp
mailq 174 tcp
xdmcp 177 udp
bgp 179 tcp
smux 199 tcp
qmtp 209 tcp
z3950 210 tcp wais
ipx 213 udp
ptp-event 319 udp
ptp-general 320 udp
pawserv 345 tcp
zserv 346 tcp
rpc2portmap 369 tcp/udp
codaauth2 370 tcp/udp
clearcase 371 udp Clearcase
ldap 389 tcp/udp
svrloc 427 tcp/udp
https 443 tcp/udp
snpp 444 tcp
microsoft-ds 445 tcp
kpasswd 464 tcp/udp
submissions 465 tcp ssmtp smtps urd
saft 487 tcp
isakmp 500 udp
rtsp 554 tcp/udp
nqs 607 tcp
asf-rmcp 623 udp
qmqp 628 tcp
ipp 631 tcp
ldp 646 tcp/udp
exec 512 tcp
biff 512 udp comsat
login 513 tcp
who 513 udp whod
shell 514 tcp cmd syslog
syslog 514 udp
printer 515 tcp spooler
talk 517 udp
ntalk 518 udp
route 520 udp router routed
gdomap 538 tcp/udp
uucp 540 tcp uucpd
klogin 543 tcp
kshell 544 tcp krcmd
dhcpv6-client 546 udp
dhcpv6-server 547 udp
afpovertcp 548 tcp
nntps 563 tcp snntp
submission 587 tcp
ldaps 636 tcp/udp
tinc 655 tcp/udp
silc 706 tcp
kerberos-adm 749 tcp
domain-s 853 tcp/udp
rsync 873 tcp
ftps-data 989 tcp
ftps 990 tcp
telnets 992 tcp
imaps 993 tcp
pop3s 995 tcp
socks 1080 tcp
openvpn 1194 tcp/udp
rmiregistry 1099 tcp
lotusnote 1352 tcp lotusnotes
ms-sql-s 1433 tcp
ms-sql-m 1434 udp
ingreslock 1524 tcp
datametrics 1645 tcp/udp old-radius
l2f 1701 udp l2tp
radius 1812 tcp/udp
radius-acct 1813 tcp/udp radacct
nfs 2049 tcp/udp
cvspserver 2401 tcp
dict 2628 tcp
icpv2 3130 udp icp
iscsi-target 3260 tcp
mysql 3306 tcp
nut 3493 tcp/udp
distcc 3632 tcp
svn 3690 tcp subversion
sieve 4190 tcp
epmd 4369 tcp
ntske 4460 tcp
ipsec-nat-t 4500 udp
radmin-port 4899 tcp
sip 5060 tcp/udp
sip-tls 5061 tcp/udp
xmpp-client 5222 tcp jabber-client
xmpp-server 5269 tcp jabber-server
mdns 5353 udp
postgresql 5432 tcp postgres
freeciv 5556 tcp rptp
amqps 5671 tcp
amqp 5672 tcp/sctp
x11 6000 tcp x11-0
x11-1 6001 tcp
gnutella-svc 6346 tcp/udp
redis 6379 tcp
ircs-u 6697 tcp
http-alt 8080 tcp webcache
puppet 8140 tcp
bacula-fd 9102 tcp
nbd 10809 tcp
zabbix-agent 10050 tcp
rtmp 1 ddp
nbp 2 ddp
echo 4 ddp
zip 6 ddp
kerberos4 750 udp/tcp kerberos-iv kdc
kerberos-master 751 udp kerberos_master
kerberos-master 751 tcp
passwd-server 752 udp passwd_server
krb-prop 754 tcp krb_prop krb5_prop hprop
supfilesrv 871 tcp
poppassd 106 tcp
moira-db 775 tcp moira_db
moira-update 777 tcp moira_update
moira-ureg 779 udp moira_ureg
spamd 783 tcp
bgpd 2605 tcp
munin 4949 tcp lrrd
rplay 5555 udp
syslog-tls 6514 tcp
ircd 6667 tcp
tproxy 8081 tcp
git 9418 tcp
webmin 10000 tcp
`;
